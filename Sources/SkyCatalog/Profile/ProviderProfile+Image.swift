import SkyCore

extension ProviderProfile {
    func write(to image: inout ImageWriter) {
        image.text(name)
        image.text(displayName)
        image.text(adapter)
        image.text(placement.rawValue)
        image.list(credentials) { image, source in
            switch source {
            case .environment(let names): image.texts(["environment"] + names)
            case .file(let path): image.texts(["file", path])
            }
        }
        image.list(regions) { image, region in
            image.text(region.name)
            image.optional(region.country) { $0.text($1) }
            image.optional(region.continent) { $0.text($1) }
            image.optional(region.place) { $0.text($1) }
        }
        image.list(capabilityRegions.sorted { $0.key < $1.key }) { image, limit in
            image.text(limit.key)
            image.texts(limit.value)
        }
        image.list(capabilitySurcharges) { image, surcharge in
            image.text(surcharge.capability)
            image.texts(surcharge.askedAs)
            image.integer(surcharge.onDemandShare)
            image.integer(surcharge.perCPUHour.nanodollars)
            image.integer(surcharge.perGiBHour.nanodollars)
            image.text(surcharge.source)
        }
        image.number(sameRegionGbps)
        image.number(defaultGbps)
        image.optional(spotNotice) { $0.integer($1.milliseconds) }
        image.integer(terms.billingIncrement.milliseconds)
        image.integer(terms.minimumBilled.milliseconds)
        image.integer(terms.bootTime.milliseconds)
        image.integer(terms.diskPricePerGBHour.nanodollars)
        image.list(terms.diskTiers) { $1.write(to: &$0) }
        image.integer(terms.addressPricePerHour.nanodollars)
        image.integer(egress.sameRegionPerGigabyte.nanodollars)
        image.integer(egress.freeGBPerMonth)
        image.integer(egress.countsAllowance ? 1 : 0)
        image.integer(egress.usedGBPerMonth)
        image.list(sources) { $1.write(to: &$0) }
        image.list(quotas) { $1.write(to: &$0) }
    }

    init(_ reader: inout ImageReader) throws(DamagedImage) {
        self.init(name: try reader.text())
        displayName = try reader.text()
        adapter = try reader.text()
        guard let placement = PlacementRule(rawValue: try reader.text()) else { throw DamagedImage() }
        self.placement = placement
        credentials = try reader.list { (reader) throws(DamagedImage) in
            let words = try reader.texts()
            if words.first == "file", let path = words.last { return .file(path) }
            return .environment(Array(words.dropFirst()))
        }
        regions = try reader.list { (reader) throws(DamagedImage) in
            let name = try reader.text()
            let country = try reader.optional { (reader) throws(DamagedImage) in try reader.text() }
            let continent = try reader.optional { (reader) throws(DamagedImage) in try reader.text() }
            let place = try reader.optional { (reader) throws(DamagedImage) in try reader.text() }
            return Region(name: name, country: country, continent: continent, place: place)
        }
        let limits = try reader.list { (reader) throws(DamagedImage) in (try reader.text(), try reader.texts()) }
        for (capability, regions) in limits { capabilityRegions[capability] = regions }
        capabilitySurcharges = try reader.list { (reader) throws(DamagedImage) in
            CapabilitySurcharge(
                capability: try reader.text(), askedAs: try reader.texts(),
                onDemandShare: Int64(try reader.integer()),
                perCPUHour: Money(nanodollars: Int64(try reader.integer())),
                perGiBHour: Money(nanodollars: Int64(try reader.integer())), source: try reader.text())
        }
        sameRegionGbps = try reader.number()
        defaultGbps = try reader.number()
        spotNotice = try reader.optional { (reader) throws(DamagedImage) in
            TimeSpan(milliseconds: Int64(try reader.integer()))
        }
        terms = RentalTerms(
            billingIncrement: TimeSpan(milliseconds: Int64(try reader.integer())),
            minimumBilled: TimeSpan(milliseconds: Int64(try reader.integer())),
            bootTime: TimeSpan(milliseconds: Int64(try reader.integer())),
            diskPricePerGBHour: Money(nanodollars: Int64(try reader.integer())),
            diskTiers: try reader.list { (reader) throws(DamagedImage) in try DiskTier(&reader) },
            addressPricePerHour: Money(nanodollars: Int64(try reader.integer())))
        egress = Egress(
            sameRegionPerGigabyte: Money(nanodollars: Int64(try reader.integer())),
            freeGBPerMonth: Int64(try reader.integer()), countsAllowance: try reader.integer() != 0,
            usedGBPerMonth: Int64(try reader.integer()))
        sources = try reader.list { (reader) throws(DamagedImage) in try PriceSource(&reader) }
        let name = name
        quotas = try reader.list { (reader) throws(DamagedImage) in try Quota(&reader, provider: name) }
    }
}
