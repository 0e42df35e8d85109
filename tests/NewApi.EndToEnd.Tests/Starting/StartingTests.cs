using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using NewApi.Testing;

namespace NewApi.EndToEnd.Tests.Starting;

/// <summary>What an operator meets first: the real program in an empty folder.</summary>
public sealed class StartingTests : IDisposable
{
    private const string Standalone = "NewApi.Standalone";
    private static readonly SocketsHttpHandler Handler = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-start-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Standalone_starts_in_an_empty_folder_and_answers()
    {
        await using var gateway = GatewayProcess.Start(Standalone, _folder.FullName);
        var url = await gateway.ReadyAsync(Cancel);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url, "/health"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url, "/alive"));
        Assert.Contains("dotnet_process_cpu_time", await TextAsync(url, "/metrics"), StringComparison.Ordinal);
        Assert.Empty(gateway.Errors);
        Assert.Single(_folder.GetFiles("logs/oneapi-*.log"));
    }

    [Fact]
    public async Task An_idle_gateway_is_small()
    {
        await using var gateway = GatewayProcess.Start(Standalone, _folder.FullName);
        var url = await gateway.ReadyAsync(Cancel);
        await StatusAsync(url, "/health");

        // About 150 MB, most of it code. Tables and tokenizers that load before anybody needs them would show here.
        Assert.InRange(gateway.Resident, 0, 300L << 20);
    }

    [Theory]
    [InlineData("NewApi.RelayService")]
    [InlineData("NewApi.AdminService")]
    [InlineData("NewApi.Worker")]
    public async Task Each_service_starts_alone(string program)
    {
        await using var gateway = GatewayProcess.Start(program, _folder.FullName);
        var url = await gateway.ReadyAsync(Cancel);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url, "/health"));
        Assert.Equal(0, await gateway.TerminateAsync(Cancel));
    }

    [Fact]
    public async Task Three_services_share_one_database_file()
    {
        var environment = new Dictionary<string, string> { ["SQLITE_PATH"] = Path.Combine(_folder.FullName, "shared.db") };
        string[] programs = ["NewApi.RelayService", "NewApi.AdminService", "NewApi.Worker"];
        var services = programs.Select(program => GatewayProcess.Start(program, _folder.FullName, environment)).ToList();
        try
        {
            foreach (var service in services)
            {
                Assert.Equal(HttpStatusCode.OK, await StatusAsync(await service.ReadyAsync(Cancel), "/health"));
            }

            // Started within the same second, each writes a log file of its own.
            Assert.Equal(3, _folder.GetFiles("logs/oneapi-*.log").Length);
        }
        finally
        {
            foreach (var service in services)
            {
                await service.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Relay_is_the_one_door_and_hands_on_what_is_not_model_traffic()
    {
        var database = Path.Combine(_folder.FullName, "shared.db");
        await using var admin = GatewayProcess.Start("NewApi.AdminService", _folder.FullName, new() { ["SQLITE_PATH"] = database });
        var behind = await admin.ReadyAsync(Cancel);
        await using var relay = GatewayProcess.Start(
            "NewApi.RelayService",
            _folder.FullName,
            new() { ["SQLITE_PATH"] = database, ["services__admin__http__0"] = $"{behind.Host}:{behind.Port}" });
        var door = await relay.ReadyAsync(Cancel);

        Assert.Contains("\"success\":true", await TextAsync(door, "/api/status"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(door, "/v1/dashboard/billing/subscription"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(door, "/v1/models"));

        Assert.Equal(0, await admin.TerminateAsync(Cancel));
        Assert.Equal(HttpStatusCode.BadGateway, await StatusAsync(door, "/api/status"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(door, "/health"));
    }

    [Fact]
    public async Task Session_that_the_management_gave_opens_the_playground_of_a_relay_of_its_own()
    {
        var database = Path.Combine(_folder.FullName, "shared.db");
        await using var admin = GatewayProcess.Start("NewApi.AdminService", _folder.FullName, new() { ["SQLITE_PATH"] = database });
        var behind = await admin.ReadyAsync(Cancel);
        await using var relay = GatewayProcess.Start(
            "NewApi.RelayService",
            _folder.FullName,
            new() { ["SQLITE_PATH"] = database, ["services__admin__http__0"] = $"{behind.Host}:{behind.Port}" });
        // The cookies of one browser, which comes in by one door.
        using var browser = new HttpClient(new SocketsHttpHandler()) { BaseAddress = await relay.ReadyAsync(Cancel) };
        var chat = new { model = "gpt-4o", messages = new[] { new { role = "user", content = "hi" } } };
        browser.DefaultRequestHeaders.Add("New-Api-User", "1");
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsJsonAsync("/pg/chat/completions", chat, Cancel)).StatusCode);

        await browser.PostAsJsonAsync("/api/setup", new { username = "root", password = "12345678", confirmPassword = "12345678" }, Cancel);
        await browser.PostAsJsonAsync("/api/user/login", new { username = "root", password = "12345678" }, Cancel);

        // Nobody serves the model yet; but whoever asks is known.
        using var answer = await browser.PostAsJsonAsync("/pg/chat/completions", chat, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact]
    public async Task Every_mistake_in_the_settings_is_named_at_once()
    {
        await using var gateway = GatewayProcess.Start(
            Standalone,
            _folder.FullName,
            new()
            {
                ["PORT"] = "three thousand",
                ["SHUTDOWN_TIMEOUT_SECONDS"] = "-1",
                ["TRUSTED_PROXIES"] = "10.0.0.0/8,nonsense",
            },
            "--no-such-flag");

        Assert.Equal(1, await gateway.EndAsync(Cancel));
        Assert.Contains("PORT must be a whole number", gateway.Errors, StringComparison.Ordinal);
        Assert.Contains("SHUTDOWN_TIMEOUT_SECONDS must be between 0 and 3600", gateway.Errors, StringComparison.Ordinal);
        Assert.Contains("TRUSTED_PROXIES must be", gateway.Errors, StringComparison.Ordinal);
        Assert.Contains("--no-such-flag", gateway.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", gateway.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sample_session_secret_is_refused_in_two_languages()
    {
        await using var gateway = GatewayProcess.Start(Standalone, _folder.FullName, new() { ["SESSION_SECRET"] = "random_string" });

        Assert.Equal(1, await gateway.EndAsync(Cancel));
        Assert.Contains("SESSION_SECRET is still the sample value", gateway.Errors, StringComparison.Ordinal);
        Assert.Contains("SESSION_SECRET 仍是示例值", gateway.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Taken_port_ends_the_start_with_one_clear_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using var gateway = GatewayProcess.Start(
            Standalone, _folder.FullName, new() { ["ASPNETCORE_URLS"] = $"http://{taken.LocalEndpoint}" });

        Assert.Equal(1, await gateway.EndAsync(Cancel));
        var line = Assert.Single(gateway.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("address already in use", line, StringComparison.Ordinal);
        Assert.Contains(taken.LocalEndpoint.ToString()!, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_that_does_not_answer_ends_the_start_with_one_clear_line()
    {
        var port = FreePort.Find();
        await using var gateway = GatewayProcess.Start(
            Standalone, _folder.FullName, new() { ["SQL_DSN"] = $"postgres://root:a-password@127.0.0.1:{port}/newapi" });

        Assert.Equal(1, await gateway.EndAsync(Cancel));
        var line = Assert.Single(gateway.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"127.0.0.1:{port}", line, StringComparison.Ordinal);
        Assert.DoesNotContain("a-password", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Termination_ends_the_process_soon_and_cleanly()
    {
        await using var gateway = GatewayProcess.Start(Standalone, _folder.FullName);
        var url = await gateway.ReadyAsync(Cancel);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url, "/alive"));
        var since = Stopwatch.GetTimestamp();

        Assert.Equal(0, await gateway.TerminateAsync(Cancel));
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Empty(gateway.Errors);
    }

    [Fact]
    public async Task Environment_wins_over_the_env_file()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, ".env"),
            """
            # a comment
            export VERSION="1.2.3-file"   # another
            LOG_DIR='journal of today'
            """,
            Cancel);
        await using (var file = GatewayProcess.Start(Standalone, _folder.FullName))
        {
            await file.ReadyAsync(Cancel);
            Assert.Contains("1.2.3-file is ready", file.Output, StringComparison.Ordinal);
            Assert.Equal(0, await file.TerminateAsync(Cancel));
        }

        Assert.Single(_folder.GetFiles("journal of today/oneapi-*.log"));

        await using var environment = GatewayProcess.Start(Standalone, _folder.FullName, new() { ["VERSION"] = "9.9.9-environment" });
        await environment.ReadyAsync(Cancel);
        Assert.Contains("9.9.9-environment is ready", environment.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_is_told_without_a_start()
    {
        await using var gateway = GatewayProcess.Start(Standalone, _folder.FullName, null, "-version");

        Assert.Equal(0, await gateway.EndAsync(Cancel));
        Assert.Matches(@"^\d+\.\d+\.\d+", gateway.Output);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Fact]
    public async Task Empty_log_folder_flag_writes_no_log_files()
    {
        await using var gateway = GatewayProcess.Start(Standalone, _folder.FullName, null, "--log-dir", "");
        await gateway.ReadyAsync(Cancel);

        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "logs")));
    }

    private static async Task<HttpStatusCode> StatusAsync(Uri url, string path)
    {
        using var client = new HttpMessageInvoker(Handler, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, path));
        using var reply = await client.SendAsync(request, Cancel);
        return reply.StatusCode;
    }

    private static async Task<string> TextAsync(Uri url, string path)
    {
        using var client = new HttpMessageInvoker(Handler, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, path));
        using var reply = await client.SendAsync(request, Cancel);
        return await reply.Content.ReadAsStringAsync(Cancel);
    }
}
