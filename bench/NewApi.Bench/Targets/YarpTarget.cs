namespace NewApi.Bench.Targets;

/// <summary>A bare YARP proxy: one route, one cluster, one destination.</summary>
internal sealed class YarpTarget(BenchRun run, StubTarget stub) : Target(run, "yarp")
{
    protected override Launch Launch => new(Run.Published("NewApi.Bench.Yarp"), Port.ToString(), stub.Address);
}
