@testable import SkySimulator
