using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NewApi.AdminService.Access;
using NewApi.Data;

namespace NewApi.AdminService.Tests;

/// <summary>The real control plane on a free port over a SQLite file of its own (or one shared with another host).</summary>
internal sealed class AdminHost : IAsyncDisposable
{
    public const string RootName = "root";
    public const string RootPassword = "root-pass-1";

    private static readonly Lazy<Task<string>> Template = new(MigrateAsync);

    private readonly WebApplication _app;
    private readonly string? _folder;
    private readonly HttpClient _http;

    private AdminHost(WebApplication app, string? folder)
    {
        _app = app;
        _folder = folder;
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        _http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(address) };
    }

    public IServiceProvider Services => _app.Services;

    public Database Database => Services.GetRequiredService<Database>();

    public string SqlitePath { get; private init; } = "";

    /// <summary>Starts a host. Limits are out of the way unless a test sets them.</summary>
    public static async Task<AdminHost> StartAsync(
        Dictionary<string, string?>? settings = null, string? sqlitePath = null, TimeProvider? clock = null, Action<IServiceCollection>? services = null)
    {
        var folder = sqlitePath is null ? Directory.CreateTempSubdirectory("newapi-admin-").FullName : null;
        var path = sqlitePath ?? Path.Combine(folder!, "newapi.db");
        if (folder is not null)
        {
            File.Copy(await Template.Value, path);
        }
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["SQLITE_PATH"] = path,
            ["VERSION"] = "v1.2.3-test",
            ["GLOBAL_API_RATE_LIMIT_ENABLE"] = "false",
            ["GLOBAL_WEB_RATE_LIMIT_ENABLE"] = "false",
            ["CRITICAL_RATE_LIMIT_ENABLE"] = "false",
            ["SEARCH_RATE_LIMIT_ENABLE"] = "false",
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        if (clock is not null)
        {
            builder.Services.AddSingleton(clock);
        }
        // A test is about what a password opens, and not about the work that guessing it takes.
        builder.Services.AddSingleton(new Passwords(cost: 4));
        builder.AddAdmin();
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapAdmin();
        await app.Services.GetRequiredService<IDatabaseInitializer>().InitializeAsync(TestContext.Current.CancellationToken);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new AdminHost(app, folder) { SqlitePath = path };
    }

    /// <summary>A host with a root account, and its session.</summary>
    public static async Task<(AdminHost Host, Session Root)> StartSetUpAsync(
        Dictionary<string, string?>? settings = null, TimeProvider? clock = null, Action<IServiceCollection>? services = null)
    {
        var host = await StartAsync(settings, clock: clock, services: services);
        var reply = await host.Anonymous.PostAsync("/api/setup", new JsonObject
        {
            ["username"] = RootName,
            ["password"] = RootPassword,
            ["confirmPassword"] = RootPassword,
        });
        Assert.True(reply.Success, reply.Text);
        return (host, await host.LoginAsync(RootName, RootPassword));
    }

    public Session Anonymous => new(_http, null, 0);

    public async Task<Session> LoginAsync(string username, string password)
    {
        var reply = await Anonymous.PostAsync("/api/user/login", new JsonObject { ["username"] = username, ["password"] = password });
        Assert.True(reply.Success, reply.Text);
        var cookie = reply.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        return new Session(_http, cookie, reply.Data!["id"]!.GetValue<long>());
    }

    /// <summary>Creates a common user and logs in.</summary>
    public async Task<Session> CreateUserAsync(Session root, string name, long role = 1)
    {
        var reply = await root.PostAsync("/api/user/", new JsonObject { ["username"] = name, ["password"] = name + "-pass-1", ["role"] = role });
        Assert.True(reply.Success, reply.Text);
        return await LoginAsync(name, name + "-pass-1");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        if (_folder is not null)
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>A complete, empty database: migrating one for every test would take a while.</summary>
    private static async Task<string> MigrateAsync()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("newapi-admin-template-").FullName, "newapi.db");
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["SQLITE_PATH"] = file;
        builder.AddData();
        await using (var services = builder.Services.BuildServiceProvider())
        {
            await services.GetRequiredService<IDatabaseInitializer>().InitializeAsync(CancellationToken.None);
        }
        // The last connection folds the write-ahead log into the file.
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        return file;
    }
}

/// <summary>Somebody who calls, with a cookie and the user header or without.</summary>
internal sealed record Session(HttpClient Http, string? Cookie, long UserId)
{
    public Dictionary<string, string> Extra { get; init; } = [];

    public Task<Reply> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<Reply> PostAsync(string path, JsonNode? body = null) => SendAsync(HttpMethod.Post, path, body?.ToJsonString() ?? "{}");

    public Task<Reply> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, body.ToJsonString());

    public Task<Reply> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    public Session With(string header, string value) => this with { Extra = new(Extra) { [header] = value } };

    public async Task<Reply> SendAsync(HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }
        if (Cookie is not null)
        {
            request.Headers.Add("Cookie", Cookie);
        }
        if (UserId > 0 && !Extra.ContainsKey("New-Api-User"))
        {
            request.Headers.Add("New-Api-User", UserId.ToString());
        }
        foreach (var (name, value) in Extra)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new Reply(
            response.StatusCode,
            response.Headers,
            response.Content.Headers,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}

internal sealed record Reply(HttpStatusCode Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, string Text)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public bool Success => Status == HttpStatusCode.OK && Text.StartsWith('{') && Json["success"]?.GetValue<bool>() == true;

    public string Message => Json["message"]!.GetValue<string>();

    public JsonNode? Data => Json["data"];

    public JsonArray Items => (JsonArray)Data!["items"]!;
}
