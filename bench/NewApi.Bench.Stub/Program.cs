using NewApi.Bench.Stub;

var port = int.Parse(args[0]);

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.Limits.MaxRequestBodySize = null;
    kestrel.AddServerHeader = false;
});
builder.WebHost.UseUrls($"http://127.0.0.1:{port}");

var app = builder.Build();
app.Run(StubUpstream.AnswerAsync);
app.Run();
