using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.Tests;

/// <summary>
/// Every recorded exchange with a task service: files of sections as in <see cref="Fixture"/>, with <c>### order</c> and <c>### receipt</c>, or
/// <c>### question</c> and <c>### report</c>, around <c>### request</c> and <c>### reply</c>. <c>WRITE_GOLDEN=1</c> writes what happens.
/// </summary>
public sealed class TaskFixtureTests
{
    private const string Mark = "### ";

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Fixture.Root, "*.task", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Fixture.Root, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Files))]
    public async Task An_exchange_goes_as_its_fixture_says(string path)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Fixture.Root, path), TestContext.Current.CancellationToken);
        var sections = text.Split(Mark, StringSplitOptions.RemoveEmptyEntries)
            .Select(section => section.Split('\n', 2))
            .Select(parts => new Fixture.Section(parts[0], parts[1].Trim('\n')))
            .ToList();
        var profile = ProviderRegistry.All.Single(profile => profile.Name == path.Split('/')[0]);
        var channel = JsonNode.Parse(sections.Single(section => section.Kind == "channel").Text)!;
        using var upstream = new ScriptedUpstream(sections.Where(section => section.Kind == "reply"));
        using var http = new HttpMessageInvoker(upstream);
        var asked = sections[0];
        var given = JsonNode.Parse(asked.Text)!.AsObject();
        var message = new UpstreamMessage
        {
            Account = new ProviderAccount(
                profile, (string?)channel["base_url"], (string?)channel["other"], null, JsonElement.Parse(channel["settings"]?.ToJsonString() ?? "{}")),
            Key = FixtureTests.KeyOf(JsonElement.Parse(channel.ToJsonString())) is { Length: > 0 } key ? key : "secret-key",
            Dialect = profile.Tasks!.Dialect,
            Model = (string?)channel["model"] ?? (string?)given["model"] ?? "",
            RequestId = "request-1",
            Clock = new FixedClock(),
        };

        var happened = asked.Kind == "order"
            ? await OrderAsync(profile.Tasks, message, OrderOf(given), http)
            : await AskAsync(profile.Tasks, message, asked.Text, http);

        var whole = new StringBuilder();
        Write(whole, asked.Title, asked.Text);
        Write(whole, "channel", sections.Single(section => section.Kind == "channel").Text);
        var replies = sections.Where(section => section.Kind == "reply").ToList();
        for (var i = 0; i < Math.Max(replies.Count, upstream.Requests.Count); i++)
        {
            if (i < upstream.Requests.Count)
            {
                Write(whole, "request", upstream.Requests[i].ReplaceLineEndings("\n").TrimEnd('\n'));
            }
            if (i < replies.Count)
            {
                Write(whole, replies[i].Title, replies[i].Text);
            }
        }
        Write(whole, asked.Kind == "order" ? "receipt" : "report", happened);
        var written = whole.ToString().TrimEnd('\n') + "\n";
        if (Environment.GetEnvironmentVariable("WRITE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(Path.Combine(SourceFolder(), "Fixtures", path), written, TestContext.Current.CancellationToken);
            return;
        }
        Assert.Equal(text, written);
    }

    [Fact]
    public void Every_task_service_has_a_receipt_a_refusal_a_running_task_and_the_ends()
    {
        // Sora is the films of OpenAI under a number of its own.
        foreach (var profile in ProviderRegistry.All.Where(profile => profile.Tasks is not null && profile.Name != "Sora"))
        {
            var own = Files.Select(row => row.Data).Where(name => name.StartsWith(profile.Name + "/", StringComparison.Ordinal))
                .Select(name => File.ReadAllText(Path.Combine(Fixture.Root, name))).ToList();
            foreach (var end in (string[])["accepted ", "refused ", "InProgress", "Succeeded", "Failed"])
            {
                Assert.True(own.Exists(text => text.Contains(end, StringComparison.Ordinal)), $"{profile.Name} has no fixture that says {end}.");
            }
        }
    }

    private static async Task<string> OrderAsync(TaskService service, UpstreamMessage message, TaskOrder order, HttpMessageInvoker http)
    {
        var lines = new List<string> { $"action {service.ActionOf(order)}" };
        if (service.Refuse(order, message.Model) is { } mistake)
        {
            lines.Add($"mistake {mistake}");
            return string.Join('\n', lines);
        }
        lines.AddRange(service.Factors(order, message.Model).Select(factor => $"factor {factor.Key} {factor.Value}"));
        var receipt = await service.SubmitAsync(message, order, http, TestContext.Current.CancellationToken);
        lines.Add(receipt.Fault is { } fault
            ? $"{(receipt.Unsure ? "unsure" : "refused")} {fault.Status} {fault.Code} {fault.Message}"
            : $"accepted {receipt.UpstreamId}");
        lines.AddRange((receipt.Factors ?? new Dictionary<string, decimal>()).Select(factor => $"upstream's factor {factor.Key} {factor.Value}"));
        return string.Join('\n', lines);
    }

    private static async Task<string> AskAsync(TaskService service, UpstreamMessage message, string question, HttpMessageInvoker http)
    {
        var asked = JsonNode.Parse(question)!;
        var tasks = (asked["ids"]?.AsArray() ?? [(JsonNode)(string)asked["id"]!]).Select(
            id => new AskedTask((string)id!, (string?)asked["action"] ?? "", message.Model)).ToList();
        var answer = await service.AskAsync(message, tasks, http, TestContext.Current.CancellationToken);
        var lines = new List<string>();
        if (answer.Fault is { } fault)
        {
            lines.Add($"trouble {fault.Status} {fault.Code} {fault.Message}");
        }
        foreach (var report in answer.Reports)
        {
            lines.Add($"{report.UpstreamId} {report.State} {report.Progress?.ToString() ?? "-"}");
            AddIf(lines, "url", report.Url);
            AddIf(lines, "reason", report.Reason);
            AddIf(lines, "tokens", report.Tokens?.ToString());
            lines.AddRange((report.Factors ?? new Dictionary<string, decimal>()).Select(factor => $"  factor {factor.Key} {factor.Value}"));
            if (report.State == Domain.Tasks.TaskState.Succeeded && await service.FileOfAsync(message, tasks[0], report.Url, http, TestContext.Current.CancellationToken) is { } file)
            {
                using var request = file.Request;
                lines.Add($"  file {file.Address ?? $"{request!.Method} {request.RequestUri}"}");
            }
        }
        return string.Join('\n', lines);
    }

    private static void AddIf(List<string> lines, string name, string? value)
    {
        if (value is not null)
        {
            lines.Add($"  {name} {value}");
        }
    }

    private static TaskOrder OrderOf(JsonObject given) => new()
    {
        Model = (string?)given["model"] ?? "",
        Action = (string?)given["action"] ?? "",
        Prompt = (string?)given["prompt"] ?? "",
        Mode = (string?)given["mode"] ?? "",
        Images = [.. (given["images"]?.AsArray() ?? []).Select(image => (string)image!)],
        Size = (string?)given["size"] ?? "",
        Seconds = (int?)given["seconds"],
        Metadata = given["metadata"]?.DeepClone().AsObject(),
        Body = given["body"]?.DeepClone().AsObject(),
        Source = (string?)given["source"],
        SourceFactors = given["source_factors"]?.AsObject().ToDictionary(factor => factor.Key, factor => (decimal)factor.Value!),
        Form = given["form"] is JsonArray parts
            ? new TaskForm([.. parts.Select(part => new TaskPart(
                (string)part!["name"]!, (string?)part["file"], (string?)part["type"], Encoding.UTF8.GetBytes((string)part["value"]!)))])
            : null,
    };

    private static void Write(StringBuilder whole, string title, string text) => whole.Append(Mark).Append(title).Append('\n').Append(text).Append("\n\n");

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
