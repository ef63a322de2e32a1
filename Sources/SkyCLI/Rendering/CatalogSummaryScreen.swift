import SkyCatalog
import SkyCore

/// How much there is of each provider, and how old it is.
struct CatalogSummaryScreen: TableScreen {
    private let summaries: [ProviderSummary]
    private let digest: String

    /// By provider: when its prices were read anew.
    private let refreshed: [String: Instant]
    private let now: Instant

    init(_ catalog: Catalog, refreshed: [String: Instant], now: Instant) {
        self.refreshed = refreshed
        self.now = now
        summaries = catalog.summaries
        digest = catalog.digest
    }

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init("PROVIDER"), .init("MACHINES", .right), .init("ROWS", .right), .init("REGIONS", .right),
            .init("OBSERVED", .right), .init("FLAGGED", .right, isOptional: true), .init("FIGURES FROM"),
            .init("REFRESHED", isOptional: true),
        ])
        table.addHeader()
        for summary in summaries {
            table.addRow([
                StyledText(summary.name, .cyan), "\(Figures.grouped(summary.machineTypes))",
                "\(Figures.grouped(summary.rows))", "\(summary.regions)", "\(Self.share(summary))",
                summary.flaggedRows == 0 ? "" : StyledText(Figures.grouped(summary.flaggedRows), .yellow),
                StyledText(Self.dates(summary), .dim),
                StyledText(refreshed[summary.name].map { Figures.ago($0, at: now) } ?? "", .dim),
            ])
        }
        let rows = summaries.reduce(0) { $0 + $1.rows }
        let end = "\(Figures.count(rows, "row")); catalog \(digest.prefix(12))"
        return table.lines(width: width) + [StyledText(end, .dim)]
    }

    private static func share(_ summary: ProviderSummary) -> String {
        let known = summary.observed + summary.derived
        return known == 0 ? "" : "\(summary.observed * 100 / known) %"
    }

    private static func dates(_ summary: ProviderSummary) -> String {
        let dates = [summary.oldest, summary.newest].compactMap { $0?.description }
        return dates.first == dates.last ? dates.first ?? "" : dates.joined(separator: " to ")
    }

    struct JSON: Encodable {
        struct Row: Encodable {
            let provider: String
            let machineTypes: Int
            let rows: Int
            let regions: Int
            let observedRows: Int
            let derivedRows: Int
            let flaggedRows: Int
            @Nullable var oldestSource: String?
            @Nullable var newestSource: String?
            /// Null: the prices are those that came with sky.
            @Nullable var refreshedAt: Timestamp?
        }

        let version = 1
        let digest: String
        let providers: [Row]
    }

    var json: JSON {
        JSON(
            digest: digest,
            providers: summaries.map {
                JSON.Row(
                    provider: $0.name, machineTypes: $0.machineTypes, rows: $0.rows, regions: $0.regions,
                    observedRows: $0.observed, derivedRows: $0.derived, flaggedRows: $0.flaggedRows,
                    oldestSource: $0.oldest?.description, newestSource: $0.newest?.description,
                    refreshedAt: refreshed[$0.name].map { Timestamp($0) })
            })
    }

    var csvRows: [[String]] {
        [["provider", "machine_types", "rows", "regions", "observed_rows", "derived_rows", "flagged_rows"]]
            + summaries.map {
                [$0.name]
                    + [$0.machineTypes, $0.rows, $0.regions, $0.observed, $0.derived, $0.flaggedRows].map(String.init)
            }
    }
}

/// What the catalog knows of one provider beside its offers.
struct ProviderScreen: TableScreen {
    private let profile: ProviderProfile

    init(_ profile: ProviderProfile) { self.profile = profile }

    func lines(width: Int?) -> [StyledText] {
        let terms = profile.terms
        var facts = Table([.init("FACT"), .init("VALUE", shrinksTo: 20)], indent: 2)
        facts.addRow([
            StyledText("billing", .dim), "in steps of \(terms.billingIncrement), at least \(terms.minimumBilled)",
        ])
        facts.addRow([StyledText("boot time", .dim), "\(terms.bootTime)"])
        facts.addRow([
            StyledText("disk", .dim),
            "\(terms.diskPricePerGBHour.scaled(by: 730, over: 1).formatted(decimals: 4)) per GB and month",
        ])
        for tier in terms.diskTiers {
            let perHour = tier.pricePerHour.scaled(by: 730, over: 1)
            let fixed = perHour > .zero ? " and \(perHour.formatted(decimals: 2)) per month" : ""
            facts.addRow([
                StyledText("disk, \(tier.name)", .dim),
                "\(tier.pricePerGBHour.scaled(by: 730, over: 1).formatted(decimals: 4)) per GB and month\(fixed)",
            ])
        }
        for quota in profile.quotas { facts.addRow([StyledText("quota", .dim), "\(quota.description)"]) }
        facts.addRow([StyledText("address", .dim), "\(terms.addressPricePerHour.formatted(decimals: 4)) per hour"])
        if profile.egress.freeGBPerMonth > 0 {
            let counted = profile.egress.countsAllowance ? "" : ", not counted"
            facts.addRow([
                StyledText("free traffic", .dim), "\(profile.egress.freeGBPerMonth) GB a month\(counted)",
            ])
        }
        var sources = Table([.init("SOURCE"), .init("KIND"), .init("DATE"), .init("WHAT", shrinksTo: 20)], indent: 2)
        sources.addHeader()
        for source in profile.sources {
            sources.addRow([
                "\(source.key)", "\(source.kind.rawValue)", "\(source.date?.description ?? "")",
                StyledText(source.what, .dim),
            ])
        }
        var regions = Table(
            [.init("REGION"), .init("COUNTRY"), .init("CONTINENT"), .init("PLACE", shrinksTo: 8)], indent: 2)
        regions.addHeader()
        for region in profile.regions {
            regions.addRow([
                "\(region.name)", "\(region.country ?? "")", "\(region.continent ?? "")",
                StyledText(region.place ?? "", .dim),
            ])
        }
        let title: StyledText = "\(profile.name, .cyan)  \(profile.displayName, .none, bold: true)"
        let sections = [facts, sources, regions].map { $0.lines(width: width) }
        return [title] + sections[0] + (profile.sources.isEmpty ? [] : sections[1]) + sections[2]
    }

    struct JSON: Encodable {
        struct Region: Encodable {
            let name: String
            @Nullable var country: String?
            @Nullable var continent: String?
            @Nullable var place: String?
        }

        struct Source: Encodable {
            let key: String
            let kind: String
            @Nullable var date: String?
            let what: String
            let licence: String
        }

        struct DiskTier: Encodable {
            let tier: String
            let perGbHourUsd: Dollars
            let perHourUsd: Dollars
        }

        struct Quota: Encodable {
            let regions: [String]
            @Nullable var types: String?
            @Nullable var accelerator: String?
            @Nullable var market: String?
            let unit: String
            let limit: Double
        }

        struct Terms: Encodable {
            let billingIncrementSeconds: Double
            let minimumBilledSeconds: Double
            let bootSeconds: Double
            let diskPerGbHourUsd: Dollars
            let diskTiers: [DiskTier]
            let addressPerHourUsd: Dollars
        }

        let version = 1
        let provider: String
        let displayName: String
        let adapter: String
        let placement: String
        let regions: [Region]
        let sources: [Source]
        let terms: Terms
        let freeEgressGbPerMonth: Int64
        let quotas: [Quota]
    }

    var json: JSON {
        let terms = profile.terms
        return JSON(
            provider: profile.name, displayName: profile.displayName, adapter: profile.adapter,
            placement: profile.placement.rawValue,
            regions: profile.regions.map {
                JSON.Region(name: $0.name, country: $0.country, continent: $0.continent, place: $0.place)
            },
            sources: profile.sources.map {
                JSON.Source(
                    key: $0.key, kind: $0.kind.rawValue, date: $0.date?.description, what: $0.what, licence: $0.licence)
            },
            terms: JSON.Terms(
                billingIncrementSeconds: Double(terms.billingIncrement.milliseconds) / 1000,
                minimumBilledSeconds: Double(terms.minimumBilled.milliseconds) / 1000,
                bootSeconds: Double(terms.bootTime.milliseconds) / 1000,
                diskPerGbHourUsd: Dollars(terms.diskPricePerGBHour),
                diskTiers: terms.diskTiers.map {
                    JSON.DiskTier(
                        tier: $0.name, perGbHourUsd: Dollars($0.pricePerGBHour), perHourUsd: Dollars($0.pricePerHour))
                },
                addressPerHourUsd: Dollars(terms.addressPricePerHour)),
            freeEgressGbPerMonth: profile.egress.freeGBPerMonth,
            quotas: profile.quotas.map {
                JSON.Quota(
                    regions: $0.regions, types: $0.types, accelerator: $0.accelerator, market: $0.market?.rawValue,
                    unit: $0.unit.rawValue, limit: $0.limit)
            })
    }

    var csvRows: [[String]] {
        [["region", "country", "continent", "place"]]
            + profile.regions.map { [$0.name, $0.country ?? "", $0.continent ?? "", $0.place ?? ""] }
    }
}
