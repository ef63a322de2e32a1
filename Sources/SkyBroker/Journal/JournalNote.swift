import GRDB
public import SkyPlacement

/// Something learnt from an event that is worth knowing beyond its run; written together with the event.
public struct JournalNote: Sendable {
    let write: @Sendable (Database) throws -> Void

    init(write: @escaping @Sendable (Database) throws -> Void) { self.write = write }

    /// A place refused: all runs stay away from it for a while.
    public static func refused(_ refusal: PlaceRefusal) -> JournalNote {
        JournalNote { try UnavailablePlace.note(refusal, in: $0) }
    }

    /// A place gave what was asked of it: whatever it refused before is forgotten.
    public static func gave(_ place: BlockedPlace) -> JournalNote {
        JournalNote { try UnavailablePlace.forget(place, in: $0) }
    }

    /// A stage is done: it is found under this key from now on.
    static func finished(_ result: Reuse, under key: StageKey) -> JournalNote {
        JournalNote { try Journal.remember(result, under: key, in: $0) }
    }
}
