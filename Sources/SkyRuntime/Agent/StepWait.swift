/// Shell lines that several scripts of jobs share.
enum StepWait {
    /// Waits for `$child`, and has its status in `$code`. A signal, which the script's trap notes in `$asked`, ends the waiting
    /// and not the step: then it is waited for again. 127 is what is said of one that was known before.
    ///
    /// - Parameter indent: of all lines but the first, which stands where it is put.
    static func lines(indent: String) -> String {
        """
        code=
        while :; do
          heard=$asked
          wait $child
          now=$?
          test $now = 127 && test -n "$code" && break
          code=$now
          test "$heard" = "$asked" && break
        done
        """.replacing("\n", with: "\n\(indent)")
    }
}
