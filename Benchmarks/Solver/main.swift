#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// Measures the solver alone: `swift run -c release solver-bench`. See Benchmarks/README.md for what else it does.

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case nil: if try !bench() { exit(1) }
case "dump": try dumpProblems()
case "proofs": try countProofs(Array(arguments.dropFirst()))
case "plan": try planInProcess(Array(arguments.dropFirst()))
case "again": try again(Array(arguments.dropFirst()))
default:
    print("solver-bench                                      measures, and ends with 1 if a bound is broken")
    print("solver-bench dump                                 problems and answers, for Benchmarks/solver_check.py")
    print("solver-bench proofs [SHAPE [TIMES [STAGES]]]      how many deadlines and budgets are proven")
    print("solver-bench again SHAPE STAGES OBJECTIVE RUNS    one case again and again, for a profiler")
    print(
        "solver-bench plan FILE PROVIDERS RUNS             the time it takes to plan a file, for Benchmarks/skypilot.py"
    )
    exit(2)
}
