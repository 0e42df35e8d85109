using System.Data.Common;
using System.Net.Http.Json;
using Microsoft.Data.Sqlite;
using NewApi.EndToEnd.Tests.Starting;
using NewApi.Testing.Databases;

namespace NewApi.EndToEnd.Tests.Money;

/// <summary>
/// Several relays over one database, all of which may be killed and come back, beside one management service and one worker; or one
/// Standalone over its SQLite file. Ten accounts with a limited key each; every second account has a subscription as well.
/// </summary>
internal sealed class Cluster : IAsyncDisposable
{
    public const int Accounts = 10;

    /// <summary>What one answer of <see cref="PacedUpstream"/> costs.</summary>
    public const long Price = 3750;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-cluster-");
    private readonly MortalServer? _server;
    private readonly Node[] _nodes;
    private readonly List<GatewayProcess> _beside = [];
    private readonly HttpClient _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 400 }) { Timeout = TimeSpan.FromSeconds(60) };

    private Cluster(MortalServer? server, int nodes)
    {
        _server = server;
        _nodes = [.. Enumerable.Range(0, nodes).Select(i => new Node(Directory.CreateDirectory(Path.Combine(_folder.FullName, $"node{i}")).FullName))];
    }

    /// <summary>Null when the database is a file of the only gateway.</summary>
    public MortalServer? Server => _server;

    public int Nodes => _nodes.Length;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<Cluster> StartAsync(DatabaseEngine engine, int nodes, PacedUpstream upstream)
    {
        var server = engine == DatabaseEngine.Sqlite ? null : await MortalServer.StartAsync(engine);
        var cluster = new Cluster(server, nodes);
        if (server is null)
        {
            await cluster.StartNodeAsync(0);
            await cluster.SetUpAsync(cluster._nodes[0].Address!, upstream);
            return cluster;
        }
        await cluster.SetUpAsync(await cluster.StartBesideAsync("NewApi.AdminService"), upstream);
        await cluster.StartBesideAsync("NewApi.Worker");
        await Task.WhenAll(Enumerable.Range(0, nodes).Select(cluster.StartNodeAsync));
        return cluster;
    }

    private async Task<Uri> StartBesideAsync(string program)
    {
        var process = GatewayProcess.Start(program, Directory.CreateDirectory(Path.Combine(_folder.FullName, program)).FullName, Environment);
        _beside.Add(process);
        return await process.ReadyAsync(Cancel);
    }

    /// <summary>Starts a gateway, again and again while the database is away.</summary>
    public async Task StartNodeAsync(int number)
    {
        var node = _nodes[number];
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            var process = GatewayProcess.Start(_server is null ? "NewApi.Standalone" : "NewApi.RelayService", node.Folder, Environment);
            try
            {
                node.Address = await process.ReadyAsync(Cancel);
                node.Process = process;
                return;
            }
            catch (Exception error) when (error is InvalidOperationException or TimeoutException && !deadline.IsCancellationRequested)
            {
                await process.DisposeAsync();
            }
        }
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillNodeAsync(int number)
    {
        await _nodes[number].Process!.DisposeAsync();
        _nodes[number].Process = null;
    }

    /// <summary>Asks one of the relays; it may be down.</summary>
    /// <param name="maxTokens">What is held follows from it; the upstream gives 500 tokens whatever was asked for.</param>
    public Task<HttpResponseMessage> ChatAsync(int node, int account, bool stream, int maxTokens, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_nodes[node].Address!, "/v1/chat/completions"))
        {
            Content = JsonContent.Create(new
            {
                model = "gpt-4o",
                max_tokens = maxTokens,
                stream,
                messages = new[] { new { role = "user", content = "Hello" } },
            }),
        };
        request.Headers.Authorization = new("Bearer", "sk-" + KeyOf(account));
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    /// <summary>Orders a film of one of the relays; it costs <see cref="Price"/>.</summary>
    public async Task<HttpResponseMessage> OrderAsync(int node, int account)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_nodes[node].Address!, "/v1/videos"))
        {
            Content = JsonContent.Create(new { model = "film", prompt = "A cat on the moon", seconds = "1" }),
        };
        request.Headers.Authorization = new("Bearer", "sk-" + KeyOf(account));
        return await _client.SendAsync(request, Cancel);
    }

    /// <summary>Changes what stands in the database, beside the gateways.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = Connection();
        await connection.OpenAsync(Cancel);
        await ExecuteAsync(connection, null, sql);
    }

    /// <summary>Adds to the wallet of an account, with its entry in the ledger; lost when the database dies meanwhile.</summary>
    public async Task TopUpAsync(int account, long points, string key)
    {
        await using var connection = Connection();
        await connection.OpenAsync(Cancel);
        await using var transaction = await connection.BeginTransactionAsync(Cancel);
        await ExecuteAsync(connection, transaction, $"UPDATE users SET quota = quota + {points} WHERE id = {UserOf(account)}");
        await ExecuteAsync(connection, transaction, EntrySql($"top-up:{key}", kind: 6, UserOf(account), points));
        await transaction.CommitAsync(Cancel);
    }

    public async Task<long> ReadAsync(string query)
    {
        await using var connection = Connection();
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Tests bring their own statements.
        command.CommandText = query;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Cancel) is { } value and not DBNull
            ? Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture)
            : 0;
    }

    public async Task<HashSet<string>> ReadTextsAsync(string query)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        await using var connection = Connection();
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Tests bring their own statements.
        command.CommandText = query;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(Cancel);
        while (await reader.ReadAsync(Cancel))
        {
            Assert.True(found.Add(reader.GetString(0)), $"{reader.GetString(0)} is there twice");
        }
        return found;
    }

    /// <summary>Waits until a figure has a value; what the gateways said is in the message when it does not come.</summary>
    public async Task UntilAsync(string query, Func<long, bool> reached)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            var value = await ReadAsync(query);
            if (reached(value))
            {
                return;
            }
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail($"{query} is still {value}.\n" + string.Join("\n", _nodes.Select(node => node.Process?.Output)));
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), Cancel);
        }
    }

    /// <summary>Runs the audit command beside the gateways and demands that it finds nothing.</summary>
    public async Task<string> AssertBooksAreRightAsync()
    {
        await using var audit = GatewayProcess.Start("NewApi.Standalone", _nodes[0].Folder, Environment, "audit");
        var code = await audit.EndAsync(Cancel);
        Assert.True(code == 0, $"{audit.Output}\n{audit.Errors}");
        return audit.Output;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _nodes.Select(node => node.Process).Concat(_beside).OfType<GatewayProcess>())
        {
            await process.DisposeAsync();
        }
        if (_server is not null)
        {
            await _server.KillAsync();
        }
        _client.Dispose();
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    private static long UserOf(int account) => 100 + account;

    private static string KeyOf(int account) => $"chaos{account:D43}";

    private Dictionary<string, string> Environment
    {
        get
        {
            var environment = new Dictionary<string, string>
            {
                ["GLOBAL_API_RATE_LIMIT_ENABLE"] = "false",
                ["CRITICAL_RATE_LIMIT_ENABLE"] = "false",
                ["SESSION_SECRET"] = "a secret of this test",
            };
            if (_server is not null)
            {
                environment["SQL_DSN"] = _server.Dsn;
            }
            return environment;
        }
    }

    private DbConnection Connection() => _server?.Connection()
        ?? new SqliteConnection($"Data Source={Path.Combine(_nodes[0].Folder, "data", "newapi.db")};Pooling=False;Default Timeout=30");

    private async Task SetUpAsync(Uri address, PacedUpstream upstream)
    {
        using var admin = new HttpClient(new SocketsHttpHandler()) { BaseAddress = address, Timeout = Patience };
        await PostAsync(admin, "/api/setup", new
        {
            username = "root",
            password = "12345678",
            confirmPassword = "12345678",
            SelfUseModeEnabled = false,
            DemoSiteEnabled = false,
        });
        await PostAsync(admin, "/api/user/login", new { username = "root", password = "12345678" });
        admin.DefaultRequestHeaders.Add("New-Api-User", "1");
        await PostAsync(admin, "/api/channel/", new
        {
            mode = "single",
            channel = new { type = 1, name = "stub", key = "sk-stub", base_url = upstream.Address, models = "gpt-4o,film", group = "default" },
        });
        await SendAsync(admin, HttpMethod.Put, "/api/option/", new { key = "ModelPrice", value = """{"film":0.0075}""" });
        await using var connection = Connection();
        await connection.OpenAsync(Cancel);
        for (var i = 0; i < Accounts; i++)
        {
            var user = UserOf(i);
            await ExecuteAsync(
                connection, null, $"INSERT INTO users (id, username, password, aff_code, quota) VALUES ({user}, 'chaos{i}', '', 'c{i}', {10 * Price})");
            await ExecuteAsync(connection, null, EntrySql($"open:{user}", kind: 1, user, 10 * Price));
            await ExecuteAsync(
                connection,
                null,
                $"INSERT INTO tokens (user_id, {Quoted("key")}, status, name, expired_time, remain_quota, unlimited_quota) "
                + $"VALUES ({user}, '{KeyOf(i)}', 1, 'chaos', -1, {1_000_000 * Price}, {(_server is null ? "0" : "false")})");
            if (i % 2 == 0)
            {
                await ExecuteAsync(
                    connection,
                    null,
                    "INSERT INTO user_subscriptions (user_id, plan_id, amount_total, amount_used, start_time, end_time, status) "
                    + $"VALUES ({user}, 0, {30 * Price}, 0, 1, 4000000000, 'active')");
            }
        }
    }

    private string Quoted(string name) => _server?.Dsn.StartsWith("postgres", StringComparison.Ordinal) == true ? $"\"{name}\"" : $"`{name}`";

    private string EntrySql(string key, int kind, long user, long points) =>
        "INSERT INTO newapi_ledger (entry_key, kind, user_id, token_id, channel_id, points, token_points, excess, logged, created_at) "
        + $"VALUES ('{key}', {kind}, {user}, 0, 0, {points}, 0, 0, {(_server is null ? "0" : "false")}, 1)";

    private static async Task ExecuteAsync(DbConnection connection, DbTransaction? transaction, string sql)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Tests bring their own statements.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static Task PostAsync(HttpClient admin, string path, object body) => SendAsync(admin, HttpMethod.Post, path, body);

    private static async Task SendAsync(HttpClient admin, HttpMethod method, string path, object body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        using var response = await admin.SendAsync(request, Cancel);
        Assert.Contains("\"success\":true", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    private sealed class Node(string folder)
    {
        public string Folder => folder;

        public Uri? Address { get; set; }

        public GatewayProcess? Process { get; set; }
    }
}
