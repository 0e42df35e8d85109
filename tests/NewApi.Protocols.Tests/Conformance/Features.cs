using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Conformance;

/// <summary>All that is compared, in the order of the page.</summary>
internal static partial class Features
{
    public static IReadOnlyList<Feature> Requests { get; } =
    [
        new("Plain") { Asked = Turns },
        new("System") { Asked = Systems },
        new("System blocks") { Asked = Systems },
        new("System anywhere") { Asked = request => Systems(request) + " | " + Turns(request) },
        new("Developer") { Asked = Systems },
        new("Multi turn") { Asked = Turns },
        new("Merged roles") { Asked = request => string.Join(' ', Spoken(request).Where(text => text != "...")) },
        new("Empty content") { Asked = request => string.Join(' ', Spoken(request).Where(text => text is not ("" or "..."))) },
        new("Unicode") { Asked = request => string.Join('|', Spoken(request)) },
        new("Refusal in history") { Asked = Turns },
        new("Stream") { Asked = request => request.Stream ? "stream" : null },
        new("Max tokens") { Asked = request => Number(request.MaxOutput) },
        new("Temperature") { Asked = request => Number(request.Temperature) },
        new("Top p") { Asked = request => Number(request.TopP) },
        new("Top k") { Asked = request => Number(request.TopK) },
        new("Stop") { Asked = request => string.Join('|', request.Stop) },
        new("Seed") { Asked = request => Number(request.Seed) },
        new("Penalties") { Asked = request => request.PresencePenalty is null ? null : $"{request.PresencePenalty} {request.FrequencyPenalty}" },
        new("Choices") { Asked = request => Number(request.Choices) },
        new("Logprobs") { Asked = request => request.LogProbs == true || request.TopLogProbs > 0 ? Number(request.TopLogProbs) : null },
        new("Verbosity") { Asked = request => request.Verbosity },
        new("Image URL") { Asked = Media },
        new("Image base64") { Asked = Media },
        new("Audio in") { Asked = Media },
        new("Video in") { Asked = Media },
        new("File PDF") { Asked = Media },
        new("File text") { Asked = Documents },
        new("File URL") { Asked = Media },
        new("Image output") { Asked = request => string.Join(' ', request.Modalities) },
        new("Tools") { Asked = Tools },
        new("Tools strict") { Asked = request => request.Tools[0].Strict == true ? "strict" : null },
        new("Tool choice auto") { Asked = Choice },
        new("Tool choice none") { Asked = Choice },
        new("Tool choice required") { Asked = Choice },
        new("Tool choice named") { Asked = Choice },
        new("Parallel off") { Asked = request => request.ParallelToolCalls?.ToString() },
        new("Tool results") { Asked = Calls },
        new("Tool results parallel") { Asked = request => Calls(request) + " | " + Spoken(request).Last() },
        new("Tool result image") { Asked = request => Calls(request) + " | " + Media(request) },
        new("Tool result error") { Asked = request => request.Messages.SelectMany(message => message.Parts).Any(part => part is ToolResultPart { IsError: true }) ? "error" : null },
        new("JSON object") { Asked = request => request.Format is null ? null : "json" },
        new("JSON schema") { Asked = request => request.Format?.Schema is { } schema ? Normal(schema) : null },
        new("Reasoning effort") { Asked = request => request.Reasoning?.ToEffort() },
        new("Reasoning off") { Asked = request => request.Reasoning?.ToEffort() },
        new("Thinking budget") { Asked = request => Number(request.Reasoning?.ToBudget()) },
        new("Thinking adaptive") { Asked = request => request.Reasoning is { Adaptive: true } ? "adaptive" : null },
        new("Thinking round trip") { Asked = Thoughts },
        new("Redacted thinking") { Asked = Thoughts },
        new("Cache control") { Asked = Marks },
        new("Cache key") { Asked = request => request.PromptCacheKey },
        new("End user") { Asked = request => request.EndUser },
        new("Metadata") { Asked = request => request.Metadata is { } metadata ? Normal(metadata) + request.Store : null },
        new("Service tier") { Asked = request => request.ServiceTier is "default" or "standard_only" ? "standard" : request.ServiceTier },
        new("Web search") { Asked = request => request.WebSearch is null ? null : "search" },
        new("Web search options") { Inputs = "web-search", Asked = Search },
        new("Code execution") { Asked = request => request.Tools.Exists(tool => tool.Kind == BuiltInTool.CodeExecution) ? "code" : null },
        new("URL context") { Asked = request => request.Tools.Exists(tool => tool.Kind == BuiltInTool.UrlContext) ? "fetch" : null },
    ];

    public static IReadOnlyList<Feature> Answers { get; } =
    [
        new("Plain") { Answered = heard => TextOf(heard) + " " + FinishOf(heard) },
        new("Unicode") { Answered = TextOf },
        new("Empty content") { Answered = heard => "'" + TextOf(heard) + "' " + FinishOf(heard) },
        new("Several texts") { Answered = TextOf },
        new("Reasoning") { Answered = heard => string.Concat(heard.Parts.OfType<ReasoningPart>().Select(part => part.Text)) + " | " + TextOf(heard) },
        new("Thinking round trip") { Answered = heard => Thoughts(heard.Parts) },
        new("Redacted thinking") { Answered = heard => Thoughts(heard.Parts) },
        new("Tool call") { Answered = CallsOf },
        new("Tool call after text") { Answered = heard => TextOf(heard) + CallsOf(heard) },
        new("Tool calls parallel") { Answered = heard => TextOf(heard) + CallsOf(heard) },
        new("Tool call without arguments") { Answered = CallsOf },
        new("Tool arguments interleaved") { Answered = CallsOf },
        new("Tool arguments unicode") { Answered = CallsOf },
        new("Finish length") { Answered = FinishOf },
        new("Finish content filter") { Answered = FinishOf },
        new("Finish refusal") { Answered = FinishOf },
        new("Finish stop sequence") { Answered = heard => FinishOf(heard) + " " + heard.Reply.Choices[0].Finish.StopSequence },
        new("Finish pause") { Answered = FinishOf },
        new("Refusal") { Answered = heard => string.Concat(heard.Parts.OfType<RefusalPart>().Select(part => part.Text)) is { Length: > 0 } text ? text : null },
        new("Citations") { Answered = heard => string.Join(' ', heard.Parts.OfType<TextPart>().SelectMany(part => part.Citations ?? []).Select(cited => $"{cited.Url} {cited.Title}")) is { Length: > 0 } cited ? cited : null },
        new("Web search") { Answered = TextOf },
        new("Choices") { Answered = heard => string.Join('|', heard.Reply.Choices.Select(choice => string.Concat(choice.Parts.OfType<TextPart>().Select(part => part.Text)))) },
        new("Logprobs") { Answered = LogProbs },
        new("Image output") { Answered = heard => string.Join(' ', heard.Parts.OfType<ImagePart>().Select(part => part.Source.Base64)) is { Length: > 0 } image ? image : null },
        new("Audio output") { Answered = heard => string.Join(' ', heard.Parts.OfType<AudioPart>().Select(part => part.Source.Base64)) is { Length: > 0 } sound ? sound : null },
        new("Usage") { Inputs = "plain", Answered = UsageOf },
        new("Usage cached") { Answered = UsageOf },
        new("Usage cache write") { Answered = UsageOf },
        new("Usage reasoning") { Answered = UsageOf },
        new("Usage audio image") { Answered = UsageOf },
        new("Error mid stream") { Answered = heard => heard.Error?.Message.Split(" (request id")[0] },
    ];

    private static string Number<T>(T? value)
        where T : struct, IFormattable => value?.ToString(null, CultureInfo.InvariantCulture)!;

    private static string Systems(ChatRequest request) => Spaced(string.Join(' ', request.Messages
        .Where(message => message.Role is ChatRole.System or ChatRole.Developer)
        .SelectMany(message => message.Parts.OfType<TextPart>()).Select(part => part.Text)));

    private static string Turns(ChatRequest request) => Spaced(string.Join(' ', request.Messages
        .Where(message => message.Role is ChatRole.User or ChatRole.Assistant)
        .Select(message => $"{message.Role}: {string.Join(' ', message.Parts.Select(Text))}")));

    private static IEnumerable<string> Spoken(ChatRequest request) => request.Messages
        .Where(message => message.Role is ChatRole.User or ChatRole.Assistant)
        .SelectMany(message => message.Parts).Select(Text);

    private static string Text(ChatPart part) => part switch
    {
        TextPart text => text.Text,
        RefusalPart refusal => refusal.Text,
        _ => "",
    };

    private static string Media(ChatRequest request) => string.Join(' ', request.Messages
        .SelectMany(message => message.Parts)
        .SelectMany(part => part is ToolResultPart result ? result.Content : [part])
        .Select(part => part switch
        {
            ImagePart image => "image " + Where(image.Source),
            AudioPart audio => "audio " + Where(audio.Source),
            VideoPart video => "video " + Where(video.Source),
            FilePart file => "file " + Where(file.Source),
            _ => "",
        }).Where(media => media.Length > 0));

    private static string Where(MediaSource source) => source.Url ?? source.Base64 ?? source.FileId ?? "";

    /// <summary>A text is the same whether it comes as a file or in the prompt.</summary>
    private static string? Documents(ChatRequest request)
    {
        var texts = request.Messages.SelectMany(message => message.Parts)
            .Select(part => part is FilePart { Source.Base64: { } data } ? Encoding.UTF8.GetString(Convert.FromBase64String(data)) : Text(part));
        return texts.Any(text => text.Contains("Hello, document.")) ? "Hello, document." : null;
    }

    private static string Tools(ChatRequest request) => string.Join('\n', request.Tools
        .Select(tool => $"{tool.Name} ({tool.Description}) {(tool.Parameters is { } schema ? Normal(schema) : "")}"));

    private static string? Choice(ChatRequest request) => request.ToolChoice is { } choice ? $"{choice.Mode} {choice.Name}" : null;

    private static string Calls(ChatRequest request) => string.Join(' ', request.Messages.SelectMany(message => message.Parts).Select(part => part switch
    {
        ToolCallPart call => $"{call.Name}({Normal(JsonElement.Parse(call.Arguments))})",
        ToolResultPart result => $"= {result.Name} {string.Join(' ', result.Content.Select(Text))}".TrimEnd(),
        _ => "",
    }).Where(piece => piece.Length > 0));

    private static string? Thoughts(ChatRequest request) => Thoughts(request.Messages.SelectMany(message => message.Parts));

    private static string? Thoughts(IEnumerable<ChatPart> parts)
    {
        var thoughts = string.Join(' ', parts.OfType<ReasoningPart>().Select(part => $"{part.Text}/{part.Signature}/{part.Encrypted}"));
        return thoughts.Length > 0 ? thoughts : null;
    }

    private static string? Marks(ChatRequest request) => string.Join(' ', request.Messages
        .SelectMany(message => message.Parts.Where(part => part.Cache is not null).Select(part => $"{message.Role} {part.Cache!.Ttl}"))) is { Length: > 0 } marks
        ? marks
        : null;

    private static string? Search(ChatRequest request)
    {
        if (request.WebSearch is not { } wish)
        {
            return null;
        }

        var size = wish.ContextSize ?? wish.MaxUses switch
        {
            5 => "medium",
            null => "",
            var other => other.ToString(),
        };
        return $"{size} {(wish.Location is { } location && location.TryGetProperty("city", out var city) ? city.GetString() : "")}";
    }

    private static string TextOf(Heard heard) => string.Concat(heard.Parts.Select(Text));

    private static string FinishOf(Heard heard) => heard.Reply.Choices.Count > 0 ? heard.Reply.Choices[0].Finish.Value : "stop";

    private static string CallsOf(Heard heard) => string.Join(' ', heard.Parts.OfType<ToolCallPart>()
        .Select(call => $"{call.Id} {call.Name}({(call.Arguments.Length == 0 ? "" : Normal(JsonElement.Parse(call.Arguments)))})")) + " " + FinishOf(heard);

    private static string? LogProbs(Heard heard) => heard.Reply.Choices.Count > 0 && heard.Reply.Choices[0].LogProbs is { } tokens
        ? string.Join(' ', tokens.EnumerateArray().Select(token =>
            $"{token.GetProperty("token")}={token.GetProperty("logprob")}/{token.GetProperty("top_logprobs").GetArrayLength()}"))
        : null;

    /// <summary>Whatever the dialect includes in what.</summary>
    private static string UsageOf(Heard heard)
    {
        var usage = heard.Usage;
        var read = usage.CacheRead ?? 0;
        var written = usage.CacheWrite ?? 0;
        var input = (usage.Input ?? 0) + (usage.Semantics == UsageSemantics.InputExcludesCache ? read + written : 0);
        return string.Create(CultureInfo.InvariantCulture, $"""
            input {input}, read {read}, written {written} ({usage.CacheWrite5m ?? 0}, {usage.CacheWrite1h ?? 0}), audio {usage.AudioInput ?? 0}, image {usage.ImageInput ?? 0}, output {usage.Output ?? 0}, reasoning {usage.Reasoning ?? 0}, audio {usage.AudioOutput ?? 0}
            """);
    }

    private static string Spaced(string text) => Spaces().Replace(text, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    /// <summary>JSON with its members in order; a schema without properties says as much as none.</summary>
    private static string Normal(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(',', json.EnumerateObject()
            .Where(member => !(member.Name is "properties" && !member.Value.EnumerateObject().Any()))
            .OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member => $"{member.Name}:{Normal(member.Value)}")) + "}" is var text && text is "{type:object}" or "{}" ? "" : text,
        JsonValueKind.Array => "[" + string.Join(',', json.EnumerateArray().Select(Normal)) + "]",
        JsonValueKind.String => json.GetString()!,
        _ => json.GetRawText(),
    };
}
