using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using NewApi.EndToEnd.Tests.Starting;

namespace NewApi.EndToEnd.Tests.Money;

/// <summary>A gateway that was set up as an operator does it, and a look at its books.</summary>
internal sealed class Shop : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, string> Environment = new()
    {
        ["GLOBAL_API_RATE_LIMIT_ENABLE"] = "false",
        ["CRITICAL_RATE_LIMIT_ENABLE"] = "false",
        ["SESSION_SECRET"] = "a secret of this test",
    };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-money-");
    private GatewayProcess _process = null!;
    private HttpClient _admin = null!;

    public HttpClient Caller { get; private set; } = null!;

    /// <summary>The key that <see cref="UseKeyAsync"/> made.</summary>
    public string Key { get; private set; } = "";

    private string Database => Path.Combine(_folder.FullName, "data", "newapi.db");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<Shop> OpenAsync(PacedUpstream upstream)
    {
        var shop = await OpenAsync();
        await shop.AddChannelAsync(type: 1, upstream.Address, "gpt-4o");
        return shop;
    }

    /// <summary>A gateway with an operator and nothing to sell yet.</summary>
    public static async Task<Shop> OpenAsync()
    {
        var shop = new Shop();
        await shop.StartAsync();
        await shop.PostAsync("/api/setup", new
        {
            username = "root",
            password = "12345678",
            confirmPassword = "12345678",
            SelfUseModeEnabled = false,
            DemoSiteEnabled = false,
        });
        await shop.PostAsync("/api/user/login", new { username = "root", password = "12345678" });
        return shop;
    }

    public Task AddChannelAsync(int type, string address, string models, string key = "sk-stub") => PostAsync("/api/channel/", new
    {
        mode = "single",
        channel = new { type, name = $"stub {type}", key, base_url = address, models, group = "default" },
    });

    /// <summary>Starts the gateway, for the first time or again, in the same folder.</summary>
    public async Task StartAsync()
    {
        _process = GatewayProcess.Start("NewApi.Standalone", _folder.FullName, Environment);
        var address = await _process.ReadyAsync(Cancel);
        _admin = Client(address);
        _admin.DefaultRequestHeaders.Add("New-Api-User", "1");
        Caller = Client(address);
    }

    public async Task KillAsync() => await _process.DisposeAsync();

    public Task<int> StopAsync() => _process.TerminateAsync(Cancel);

    /// <summary>Makes a key and presents it from now on.</summary>
    /// <param name="quota">Its ceiling in points, or null for none.</param>
    public async Task UseKeyAsync(long? quota)
    {
        await PostAsync("/api/token/", new { name = "money", unlimited_quota = quota is null, remain_quota = quota ?? 0, expired_time = -1 });
        var list = await _admin.GetFromJsonAsync<JsonElement>("/api/token/?p=1&size=10", Cancel);
        var key = list.GetProperty("data").GetProperty("items")[0].GetProperty("key").GetString();
        Key = "sk-" + key;
        Caller.DefaultRequestHeaders.Authorization = new("Bearer", Key);
    }

    public Task SetBalanceAsync(long quota) => SendAsync(
        HttpMethod.Put,
        "/api/user/",
        new { id = 1, username = "root", display_name = "Root", group = "default", quota, remark = "" });

    public Task SetOptionAsync(string key, string value) => SendAsync(HttpMethod.Put, "/api/option/", new { key, value });

    /// <summary>Changes what stands in the file, beside the gateway.</summary>
    public void Execute(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False;Default Timeout=30");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Tests bring their own statements.
        command.CommandText = statement;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    public async Task<HttpResponseMessage> ChatAsync(bool stream = false, int maxTokens = 800, CancellationToken cancel = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new
            {
                model = "gpt-4o",
                max_tokens = maxTokens,
                stream,
                messages = new[] { new { role = "user", content = "Hello" } },
            }),
        };
        return await Caller.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    /// <summary>One figure from the books as they stand.</summary>
    public long Read(string query)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = query;
        return command.ExecuteScalar() is long value ? value : 0;
    }

    public string ReadText(string query)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = query;
        return (string)command.ExecuteScalar()!;
    }

    /// <summary>Waits until a figure has a value: the applier follows the answers at its own pace.</summary>
    public async Task UntilAsync(string query, Func<long, bool> reached)
    {
        using var deadline = new CancellationTokenSource(Patience);
        long value;
        while (!reached(value = Read(query)))
        {
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail($"{query} is still {value}.\n{_process.Output}\n{_process.Errors}");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20), Cancel);
        }
    }

    public Task UntilAppliedAsync(int calls) => UntilAsync("SELECT count(*) FROM newapi_ledger WHERE kind = 2", count => count >= calls);

    /// <summary>Runs the audit command beside the gateway and demands that it finds nothing.</summary>
    public async Task AssertBooksAreRightAsync()
    {
        await using var audit = GatewayProcess.Start("NewApi.Standalone", _folder.FullName, Environment, "audit");
        var code = await audit.EndAsync(Cancel);
        Assert.True(code == 0, $"{audit.Output}\n{audit.Errors}");
        Assert.Contains("The books are right.", audit.Output, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Caller.Dispose();
        _admin.Dispose();
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    private static HttpClient Client(Uri address) =>
        new(new SocketsHttpHandler { MaxConnectionsPerServer = 400 }) { BaseAddress = address, Timeout = Patience };

    private Task PostAsync(string path, object body) => SendAsync(HttpMethod.Post, path, body);

    private async Task SendAsync(HttpMethod method, string path, object body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        using var response = await _admin.SendAsync(request, Cancel);
        var answer = await response.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("\"success\":true", answer, StringComparison.Ordinal);
    }
}
