/// Parts of the world by name, for what must stay in one: continents, unions of states, countries.
///
/// Names are lower case: `europe`, `eu`, `eea`, `uk`, or a country's ISO 3166-1 alpha-2 code. Countries are counted to
/// continents as the United Nations do (M49, "Standard country or area codes for statistical use"), but for Cyprus, which
/// is in `europe` here so that `eu` lies in `europe`. Overseas territories with a code of their own (`gf`, `pr`) are not
/// part of their state's code.
public enum Areas {
    /// The countries of an area as ISO 3166-1 alpha-2 codes in lower case; nil: no such area.
    public static func members(of area: String) -> Set<String>? {
        if let group = groups[area] { return group }
        return countries.contains(area) ? [area] : nil
    }

    /// Whether a country (alpha-2, lower case) lies in any one of these areas. Unknown areas hold no country.
    public static func admit(country: String, anyOf areas: [String]) -> Bool {
        areas.contains { $0 == country || groups[$0]?.contains(country) == true }
    }

    /// Every name that `members(of:)` knows: the groups first, then the countries, each in order of the alphabet.
    public static let names: [String] = groups.keys.sorted() + countries.sorted()

    /// All 249 countries and territories of ISO 3166-1.
    public static let countries: Set<String> = continents.reduce(into: []) { $0.formUnion(codes($1.value)) }

    /// Areas of more than a country's code.
    public static let groups: [String: Set<String>] = {
        var groups = continents.mapValues(codes)
        let eu = codes(memberStates)
        groups["eu"] = eu
        groups["eea"] = eu.union(["is", "li", "no"])
        groups["uk"] = ["gb"]
        groups["americas"] = groups["north-america", default: []].union(groups["south-america", default: []])
        return groups
    }()

    private static func codes(_ text: String) -> Set<String> {
        Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))
    }

    /// The 27 member states of the European Union since 2020 (european-union.europa.eu, "EU countries").
    private static let memberStates = """
        at be bg hr cy cz dk ee fi fr de gr hu ie it lv lt lu mt nl pl pt ro sk si es se
        """

    private static let continents: [String: String] = [
        "africa": """
        ao bf bi bj bw cd cf cg ci cm cv dj dz eg eh er et ga gh gm gn gq gw io ke km lr ls ly ma mg ml mr mu mw mz na ne
        ng re rw sc sd sh sl sn so ss st sz td tf tg tn tz ug yt za zm zw
        """,
        "antarctica": "aq",
        "asia": """
        ae af am az bd bh bn bt cn ge hk id il in iq ir jo jp kg kh kp kr kw kz la lb lk mm mn mo mv my np om ph pk ps qa
        sa sg sy th tj tl tm tr tw uz vn ye
        """,
        "europe": """
        ad al at ax ba be bg by ch cy cz de dk ee es fi fo fr gb gg gi gr hr hu ie im is it je li lt lu lv mc md me mk mt
        nl no pl pt ro rs ru se si sj sk sm ua va
        """,
        "north-america": """
        ag ai aw bb bl bm bq bs bz ca cr cu cw dm do gd gl gp gt hn ht jm kn ky lc mf mq ms mx ni pa pm pr sv sx tc tt us
        vc vg vi
        """,
        "oceania": "as au cc ck cx fj fm gu hm ki mh mp nc nf nr nu nz pf pg pn pw sb tk to tv um vu wf ws",
        "south-america": "ar bo br bv cl co ec fk gf gs gy pe py sr uy ve",
    ]
}
