using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace NewApi.EndToEnd.Tests.Starting;

/// <summary>The README cannot lie: its first chat is run as it is printed, in both languages.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private const string Answer = "Hello from the stub.";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-readme-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("README.md", "## First chat")]
    [InlineData("README.zh-CN.md", "## 第一次对话")]
    public async Task First_chat_works_as_printed(string page, string heading)
    {
        await using var upstream = await StartUpstreamAsync();
        await using var gateway = GatewayProcess.Start("NewApi.Standalone", _folder.FullName);
        var url = await gateway.ReadyAsync(Cancel);
        var commands = string.Concat(Blocks(Section(Read(page), heading)))
            .Replace("http://localhost:3000", url.ToString().TrimEnd('/'), StringComparison.Ordinal)
            .Replace("https://api.openai.com", upstream.Urls.Single(), StringComparison.Ordinal);

        var output = await RunAsync("set -eu\n" + commands);

        var reply = JsonDocument.Parse(output[output.LastIndexOf("{\"id\"", StringComparison.Ordinal)..]).RootElement;
        Assert.Equal(Answer, reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.DoesNotContain("\"success\":false", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_languages_show_the_same_commands_paths_and_links()
    {
        var english = Read("README.md");
        var chinese = Read("README.zh-CN.md");

        Assert.Equal(Blocks(english), Blocks(chinese));
        Assert.Equal(Code(english), Code(chinese));
        Assert.Equal(english.Split('\n').Count(line => line.StartsWith('#')), chinese.Split('\n').Count(line => line.StartsWith('#')));
        Assert.Equal(english.Split('\n').Count(line => line.StartsWith('|')), chinese.Split('\n').Count(line => line.StartsWith('|')));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("README.zh-CN.md")]
    public void Links_lead_somewhere(string page)
    {
        var links = Link().Matches(Read(page)).Select(match => match.Groups[1].Value).Where(link => !link.Contains("://", StringComparison.Ordinal));

        Assert.All(links, link =>
        {
            var (file, anchor) = link.Split('#') is [var path, var name] ? (path, name) : (link, null);
            var target = Path.Combine(Root(), file);
            Assert.True(File.Exists(target) || Directory.Exists(target), link);
            if (anchor is not null)
            {
                var headings = File.ReadLines(target).Where(line => line.StartsWith('#')).Select(Anchor);
                Assert.Contains(anchor, headings);
            }
        });
    }

    private static async Task<WebApplication> StartUpstreamAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/v1/chat/completions", static (HttpContext context) => context.Request.Headers.Authorization == "Bearer sk-readme"
            ? Results.Json(new
            {
                id = "chatcmpl-1",
                @object = "chat.completion",
                created = 1,
                model = "gpt-4o-mini",
                choices = new[] { new { index = 0, message = new { role = "assistant", content = Answer }, finish_reason = "stop" } },
                usage = new { prompt_tokens = 10, completion_tokens = 5, total_tokens = 15 },
            })
            : Results.Unauthorized());
        await app.StartAsync(Cancel);
        return app;
    }

    private async Task<string> RunAsync(string script)
    {
        var start = new ProcessStartInfo("bash")
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        start.Environment["OPENAI_API_KEY"] = "sk-readme";
        start.Environment["NO_PROXY"] = "*";
        using var bash = Process.Start(start)!;
        var output = bash.StandardOutput.ReadToEndAsync(Cancel);
        var errors = bash.StandardError.ReadToEndAsync(Cancel);
        await bash.WaitForExitAsync(Cancel);
        Assert.True(bash.ExitCode == 0, $"Exit code {bash.ExitCode}: {await errors}\n{await output}");
        return await output;
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "NewApi.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("These tests run from the artifacts folder of a checkout.");
    }

    private static string Read(string page) => File.ReadAllText(Path.Combine(Root(), page));

    private static string Section(string page, string heading)
    {
        var from = page.IndexOf(heading + "\n", StringComparison.Ordinal);
        Assert.True(from >= 0, heading);
        var to = page.IndexOf("\n## ", from + heading.Length, StringComparison.Ordinal);
        return page[from..to];
    }

    private static List<string> Blocks(string text) => [.. Block().Matches(text).Select(match => match.Groups[1].Value)];

    // Inline code outside of the blocks.
    private static List<string> Code(string text) =>
        [.. InlineCode().Matches(Block().Replace(text, "")).Select(match => match.Groups[1].Value)];

    private static string Anchor(string heading)
    {
        var anchor = new StringBuilder();
        foreach (var c in heading.TrimStart('#').Trim())
        {
            if (char.IsLetterOrDigit(c) || c is '-' or ' ')
            {
                anchor.Append(c == ' ' ? '-' : char.ToLowerInvariant(c));
            }
        }

        return anchor.ToString();
    }

    [GeneratedRegex("^```(?:bash)?\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();
}
