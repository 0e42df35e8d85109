using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Channels;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests;

/// <summary>The real data plane on a free port over a SQLite file of its own, with one account, one key, and the channels of the test.</summary>
internal sealed class RelayHost : IAsyncDisposable
{
    public const string Key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL";
    public const long Granted = 1_000_000_000;
    public const string Model = "gpt-4o";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly Lazy<Task<string>> Template = new(MigrateAsync);

    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder;
    private readonly StrongBox<int> _departures;

    private RelayHost(WebApplication app, DirectoryInfo folder, RecordedLogs logs, StrongBox<int> departures)
    {
        _departures = departures;
        _app = app;
        _folder = folder;
        Output = logs;
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 100 }) { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(60) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk-" + Key);
    }

    public HttpClient Http { get; }

    /// <summary>Callers of whom the relay knows that they have left.</summary>
    public int Departures => Volatile.Read(ref _departures.Value);

    public IServiceProvider Services => _app.Services;

    public RelaySnapshot Snapshot => Services.GetRequiredService<RelaySnapshots>().Current;

    public Database Database => Services.GetRequiredService<Database>();

    /// <summary>Everything that any part of the process logged, at every level.</summary>
    public RecordedLogs Output { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="channels">Rows; abilities are derived from them.</param>
    /// <param name="configure">Settings that the environment cannot express, such as parts of a second.</param>
    /// <param name="options">Rows of the options table.</param>
    /// <param name="token">Changes the key before it is stored.</param>
    /// <param name="redis">A value for <c>REDIS_CONN_STRING</c>, or null for none.</param>
    /// <param name="clock">The clock of the process, if not the system's.</param>
    public static async Task<RelayHost> StartAsync(
        IEnumerable<ChannelRow> channels,
        Func<RelayOptions, RelayOptions>? configure = null,
        Dictionary<string, string>? options = null,
        Action<TokenRow>? token = null,
        string? redis = null,
        TimeProvider? clock = null,
        string? logs = null)
    {
        var folder = Directory.CreateTempSubdirectory("newapi-relay-");
        var file = Path.Combine(folder.FullName, "newapi.db");
        File.Copy(await Template.Value, file);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["SQLITE_PATH"] = file,
            ["JOURNAL_DIR"] = Path.Combine(folder.FullName, "journal"),
            ["ERROR_LOG_ENABLED"] = "true",
            ["REDIS_CONN_STRING"] = redis,
            ["LOG_SQL_DSN"] = logs,
        });
        var recorded = new RecordedLogs();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(recorded);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MinResponseDataRate = null);
        if (clock is not null)
        {
            builder.Services.AddSingleton(clock);
        }
        builder.AddRelay();
        if (configure is not null)
        {
            var read = (RelayOptions)builder.Services.Single(service => service.ServiceType == typeof(RelayOptions)).ImplementationInstance!;
            builder.Services.AddSingleton(configure(read));
        }
        var app = builder.Build();
        var departures = new StrongBox<int>();
        app.Use(async (http, next) =>
        {
            using var left = http.RequestAborted.Register(() => Interlocked.Increment(ref departures.Value));
            await next(http);
        });
        app.MapRelay();
        await app.Services.GetRequiredService<IDatabaseInitializer>().InitializeAsync(Cancel);
        await app.Services.GetRequiredService<Database>().WriteAsync((db, cancel) => FillAsync(db, channels, options ?? [], token, cancel), Cancel);
        await app.StartAsync(Cancel);
        return new RelayHost(app, folder, recorded, departures);
    }

    /// <summary>A channel of type OpenAI that serves <see cref="Model"/>.</summary>
    public static ChannelRow Channel(long id, FakeUpstream upstream, Action<ChannelRow>? change = null)
    {
        var row = new ChannelRow
        {
            Id = id,
            Type = 1,
            Name = $"channel {id}",
            Key = $"upstream-secret-{id}",
            BaseUrl = upstream.Address,
            Models = Model,
            Group = "default",
            Priority = 0,
            Weight = 0,
            OtherInfo = "",
        };
        change?.Invoke(row);
        return row;
    }

    public async Task<RelayReply> ChatAsync(bool stream = false, string model = Model, string prompt = "Hello", CancellationToken cancel = default)
    {
        var body = new JsonObject
        {
            ["model"] = model,
            ["stream"] = stream,
            ["max_tokens"] = 800,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
        };
        return await PostAsync("/v1/chat/completions", body.ToJsonString(), cancel);
    }

    public async Task<RelayReply> PostAsync(string path, string body, CancellationToken cancel = default)
    {
        using var response = await OpenAsync(path, body, cancel);
        return await RelayReply.ReadAsync(response, cancel == default ? Cancel : cancel);
    }

    /// <summary>An answer of which only the head has been read.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, string body, CancellationToken cancel = default) => Http.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") },
        HttpCompletionOption.ResponseHeadersRead,
        cancel == default ? Cancel : cancel);

    /// <summary>Reads a stream, and lets the upstream go on once the caller has seen a word so many times.</summary>
    public async Task<RelayReply> StreamAsync(string path, string body, string word, int times, TaskCompletionSource seen)
    {
        using var response = await OpenAsync(path, body);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
        var first = await ReadUntilAsync(reader, word, times);
        seen.SetResult();
        return new RelayReply(
            response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType, first + await reader.ReadToEndAsync(Cancel));
    }

    public static async Task<string> ReadUntilAsync(StreamReader reader, string word, int times)
    {
        var text = new StringBuilder();
        for (var left = times; left > 0;)
        {
            var line = await reader.ReadLineAsync(Cancel) ?? throw new EndOfStreamException($"The stream ended after: {text}");
            text.Append(line).Append('\n');
            left -= line.Contains(word, StringComparison.Ordinal) ? 1 : 0;
        }
        return text.ToString();
    }

    /// <summary>Log rows of a type, once there are as many as expected.</summary>
    public async Task<List<LogRow>> LogsAsync(long type, int count)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            await using var db = Database.Open();
            var rows = await db.Logs.Where(row => row.Type == type).OrderBy(row => row.Id).ToListAsync(Cancel);
            if (rows.Count >= count || deadline.IsCancellationRequested)
            {
                Assert.True(rows.Count == count, $"{rows.Count} rows of type {type} and not {count}:\n{string.Join('\n', rows.Select(row => row.Other))}");
                return rows;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(10), Cancel);
        }
    }

    /// <summary>The consume rows; waits until the applier has come so far.</summary>
    public Task<List<LogRow>> ChargesAsync(int count = 1) => LogsAsync(2, count);

    public async Task<ChannelRow> ChannelAsync(long id)
    {
        await using var db = Database.Open();
        return await db.Channels.SingleAsync(row => row.Id == id, Cancel);
    }

    /// <summary>Waits until something is so that happens behind a call's back.</summary>
    public static async Task UntilAsync(Func<Task<bool>> reached, string what)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!await reached())
        {
            Assert.False(deadline.IsCancellationRequested, $"Never happened: {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), Cancel);
        }
    }

    /// <summary>Stops the relay, which applies every charge, and proves the books.</summary>
    public async Task AssertBooksAreRightAsync(long spent)
    {
        await _app.StopAsync(Cancel);
        await using var db = Database.Open();
        var user = await db.Users.SingleAsync(row => row.Id == 1, Cancel);
        Assert.Equal((Granted - spent, 0L, spent), (user.Quota, user.Held, user.UsedQuota));
        var report = await new LedgerAudit(Database, Services.GetRequiredService<LogDatabase>()).RunAsync(Cancel);
        Assert.True(report.IsClean, string.Join('\n', report.Discrepancies));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    private static async Task FillAsync(
        DataConnection db, IEnumerable<ChannelRow> channels, Dictionary<string, string> options, Action<TokenRow>? change, CancellationToken cancel)
    {
        await db.InsertAsync(new UserRow { Username = "alice", Role = 1, Group = "default", Quota = Granted, AffCode = "aff1" }, token: cancel);
        await LedgerEntries.OpenAsync(db, 1, Granted, 1, cancel);
        var token = new TokenRow { Id = 1, UserId = 1, Key = Key, Name = "test", UnlimitedQuota = true };
        change?.Invoke(token);
        await db.InsertAsync(token, token: cancel);
        foreach (var channel in channels)
        {
            Assert.Equal(channel.Id, await db.InsertWithInt64IdentityAsync(channel, token: cancel));
            await AbilityStore.RebuildAsync(db, channel, cancel);
        }
        foreach (var (name, value) in options)
        {
            await db.InsertAsync(new OptionRow { Key = name, Value = value }, token: cancel);
        }
    }

    /// <summary>A complete, empty database: migrating one for every test would take most of the time.</summary>
    private static async Task<string> MigrateAsync()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("newapi-relay-template-").FullName, "newapi.db");
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

/// <summary>What a caller got.</summary>
internal sealed record RelayReply(HttpStatusCode Status, HttpResponseHeaders Headers, string? ContentType, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>Data of the events, in order.</summary>
    public IReadOnlyList<string> Events =>
        [.. Text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => line[6..])];

    /// <summary>The content of a chat, streamed or not.</summary>
    public string Content => ContentType == "text/event-stream"
        ? string.Concat(Events.Where(data => data.StartsWith('{')).Select(data => JsonNode.Parse(data)!["choices"]?.AsArray() is [{ } choice, ..]
            ? (string?)choice["delta"]?["content"] : ""))
        : Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;

    public string RequestId => Headers.GetValues("X-Oneapi-Request-Id").Single();

    public static async Task<RelayReply> ReadAsync(HttpResponseMessage response, CancellationToken cancel) => new(
        response.StatusCode,
        response.Headers,
        response.Content.Headers.ContentType?.MediaType,
        await response.Content.ReadAsStringAsync(cancel));
}
