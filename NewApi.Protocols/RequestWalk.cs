namespace NewApi.Protocols;

internal readonly ref struct RequestWalk(RequestScan scan)
{
    public void Run() => scan.RootStart = 0;
}
