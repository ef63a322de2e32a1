/// The library that people import to place pipelines by policies of their own: the public faces of the pipeline
/// format, the catalog, placement and the broker in one name.
@_exported public import SkyBroker
@_exported public import SkyCatalog
@_exported public import SkyCore
@_exported public import SkyPlacement
@_exported public import SkyPolicyPrograms
@_exported public import SkySpec
