using System.Net.Http.Json;
using System.Text.Json;

namespace NewApi.Bench.Targets;

/// <summary>The product as an operator first meets it: the standalone host, one SQLite file, one account, a channel for each dialect of the stub, one key.</summary>
internal sealed class NewApiTarget(BenchRun run, StubTarget stub) : Target(run, "newapi")
{
    private const string Account = "root";
    private readonly string _password = Guid.NewGuid().ToString("N")[..16];
    private string _session = "";

    public override string? Absence => File.Exists(Run.Published("NewApi.Standalone")) ? null : "NewApi.Standalone is not published";

    protected override Launch Launch => new(Run.Published("NewApi.Standalone"))
    {
        Environment = new Dictionary<string, string>
        {
            ["PORT"] = Port.ToString(),
            ["SQLITE_PATH"] = Path.Combine(Folder, "bench.db"),
            ["SESSION_SECRET"] = _password,
            // The limits per address guard the console and would only refuse the set-up calls of repeated runs.
            ["GLOBAL_API_RATE_LIMIT_ENABLE"] = "false",
            ["GLOBAL_WEB_RATE_LIMIT_ENABLE"] = "false",
            ["CRITICAL_RATE_LIMIT_ENABLE"] = "false",
        },
    };

    public override async Task StartAsync(CancellationToken ct)
    {
        await StartProcessAsync(ct);
        using var http = Console();
        await SendAsync(http, HttpMethod.Post, "/api/setup", new
        {
            username = Account,
            password = _password,
            confirmPassword = _password,
            SelfUseModeEnabled = false,
            DemoSiteEnabled = false,
        }, ct);
        await LogInAsync(http, ct);
        // Half a million calls cost more than a new account has.
        await SendAsync(http, HttpMethod.Put, "/api/user/", new { id = 1, username = Account, display_name = Account, group = "default", quota = 1_000_000_000_000, remark = "" }, ct);
        await AddChannelsAsync(http, ct);
        await SendAsync(http, HttpMethod.Post, "/api/token/", new
        {
            name = "bench",
            unlimited_quota = true,
            expired_time = -1,
            remain_quota = 0,
        }, ct);
        Key = await KeyAsync(http, ct);
    }

    private async Task AddChannelsAsync(HttpClient http, CancellationToken ct)
    {
        await AddChannelAsync(http, type: 14, "claude-3-5-sonnet-20241022", ct);
        if (!Run.Options.Dialects)
        {
            await AddChannelAsync(http, type: 1, "gpt-4o-mini,gpt-4o,text-embedding-3-small", ct);
            return;
        }
        // One channel for each dialect that speaks no other: 40 knows chats alone, and a policy keeps chats away from 1.
        await AddChannelAsync(http, type: 40, "gpt-4o", ct);
        await AddChannelAsync(http, type: 24, "gemini-2.0-flash", ct);
        await AddChannelAsync(http, type: 1, "gpt-4o-mini", ct);
        await SendAsync(http, HttpMethod.Put, "/api/option/", new
        {
            key = "global.chat_completions_to_responses_policy",
            value = """{"enabled":true,"all_channels":false,"channel_types":[1]}""",
        }, ct);
    }

    /// <summary>Calls charged to the account so far; each is applied in one transaction with its ledger entry and its row of the usage log.</summary>
    public async Task<long> CountChargesAsync(CancellationToken ct)
    {
        using var http = Console();
        await LogInAsync(http, ct);
        var account = await SendAsync(http, HttpMethod.Get, "/api/user/self", null, ct);
        return account.GetProperty("request_count").GetInt64();
    }

    private Task<JsonElement> AddChannelAsync(HttpClient http, int type, string models, CancellationToken ct) =>
        SendAsync(http, HttpMethod.Post, "/api/channel/", new
        {
            mode = "single",
            channel = new { type, name = $"stub {type}", key = "sk-stub", base_url = stub.Address, models, group = "default" },
        }, ct);

    private HttpClient Console() => new(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri($"http://127.0.0.1:{Port}") };

    private async Task LogInAsync(HttpClient http, CancellationToken ct)
    {
        using var answer = await http.PostAsJsonAsync("/api/user/login", new { username = Account, password = _password }, ct);
        await DataAsync(answer, ct);
        if (!answer.Headers.TryGetValues("Set-Cookie", out var cookies))
        {
            throw new BenchException("NewApi let us log in without a session cookie.");
        }
        _session = string.Join("; ", cookies.Select(cookie => cookie.Split(';')[0]));
    }

    private async Task<string> KeyAsync(HttpClient http, CancellationToken ct)
    {
        var page = await SendAsync(http, HttpMethod.Get, "/api/token/?p=1&size=10", null, ct);
        var key = page.GetProperty("items")[0].GetProperty("key").GetString()!;
        return key.StartsWith("sk-", StringComparison.Ordinal) ? key : "sk-" + key;
    }

    private async Task<JsonElement> SendAsync(HttpClient http, HttpMethod method, string path, object? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path);
        if (_session.Length > 0)
        {
            request.Headers.Add("Cookie", _session);
            request.Headers.Add("New-Api-User", "1");
        }
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
            await request.Content.LoadIntoBufferAsync(ct);
        }
        using var answer = await http.SendAsync(request, ct);
        return await DataAsync(answer, ct);
    }

    private static async Task<JsonElement> DataAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        var path = answer.RequestMessage?.RequestUri?.AbsolutePath;
        if (!answer.IsSuccessStatusCode)
        {
            throw new BenchException($"NewApi answered {(int)answer.StatusCode} to {path}.");
        }
        var root = await answer.Content.ReadFromJsonAsync<JsonElement>(ct);
        if (!root.GetProperty("success").GetBoolean())
        {
            throw new BenchException($"NewApi refused {path}: {root.GetProperty("message").GetString()}");
        }
        return root.TryGetProperty("data", out var data) ? data : default;
    }
}
