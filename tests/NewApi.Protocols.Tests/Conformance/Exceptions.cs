using NewApi.Domain;

namespace NewApi.Protocols.Tests.Conformance;

/// <summary>The one place that tells what a dialect cannot say, and why. The page quotes it.</summary>
internal static class Exceptions
{
    private static readonly List<Rule> All =
    [
        new("Top k", "OpenAI has no top_k.") { To = [Dialect.OpenAIChat, Dialect.OpenAIResponses] },
        new("Stop", "Responses has no stop sequences.") { To = [Dialect.OpenAIResponses] },
        new("Seed", "Neither Anthropic nor Responses has a seed.") { To = [Dialect.AnthropicMessages, Dialect.OpenAIResponses] },
        new("Penalties", "Neither Anthropic nor Responses has penalties.") { To = [Dialect.AnthropicMessages, Dialect.OpenAIResponses] },
        new("Choices", "Neither Anthropic nor Responses gives several answers: a request for them is refused, and of several only the first is told.") { To = [Dialect.AnthropicMessages, Dialect.OpenAIResponses] },
        new("Logprobs", "Anthropic has no log probabilities.") { To = [Dialect.AnthropicMessages] },
        new("Logprobs", "Probabilities of Gemini's own shape are not translated; those of OpenAI have none of its token ids.") { Legs = [Leg.Answer, Leg.Stream], From = [Dialect.OpenAIChat, Dialect.OpenAIResponses, Dialect.GeminiContent], To = [Dialect.GeminiContent] },
        new("Logprobs", "Probabilities of Gemini's own shape are not translated; those of OpenAI have none of its token ids.") { Legs = [Leg.Answer, Leg.Stream], From = [Dialect.GeminiContent], To = [Dialect.OpenAIChat, Dialect.OpenAIResponses] },
        new("Verbosity", "Only OpenAI has a verbosity.") { To = [Dialect.AnthropicMessages, Dialect.GeminiContent] },
        new("Audio in", "Claude hears nothing; the request is refused.") { To = [Dialect.AnthropicMessages] },
        new("Video in", "Claude sees no video; the request is refused.") { To = [Dialect.AnthropicMessages] },
        new("File URL", "OpenAI chat takes documents as data only; the request is refused.") { To = [Dialect.OpenAIChat] },
        new("Image output", "Claude makes no images.") { Legs = [Leg.Request], To = [Dialect.AnthropicMessages] },
        new("Image output", "An image is written into the text, as Markdown with its data.") { Legs = [Leg.Answer, Leg.Stream], To = [Dialect.OpenAIChat, Dialect.AnthropicMessages] },
        new("Audio output", "Neither Anthropic nor Responses answers in sound; what is said comes as text where the upstream tells it.") { To = [Dialect.AnthropicMessages, Dialect.OpenAIResponses] },
        new("Tools strict", "Gemini has no strict functions.") { To = [Dialect.GeminiContent] },
        new("Parallel off", "Gemini cannot be kept from several calls at once.") { To = [Dialect.GeminiContent] },
        new("Tool result error", "OpenAI has no mark for a failed tool; its text is what tells.") { To = [Dialect.OpenAIChat, Dialect.OpenAIResponses] },
        new("JSON object", "Claude knows JSON by schema only; that JSON is wanted is left to the prompt, where OpenAI demands it too.") { To = [Dialect.AnthropicMessages] },
        new("JSON schema", "Gemini's schemas leave objects open: additionalProperties is dropped.") { To = [Dialect.GeminiContent] },
        new("Reasoning effort", "Models before Gemini 3 take budgets: a share of the model's limit stands for the effort.") { To = [Dialect.GeminiContent] },
        new("Reasoning off", "OpenAI's older models refuse the effort none: where another dialect switches thinking off, nothing is said.") { From = [Dialect.AnthropicMessages, Dialect.GeminiContent], To = [Dialect.OpenAIChat, Dialect.OpenAIResponses] },
        new("Thinking adaptive", "OpenAI's models decide for themselves unless told an effort: nothing is said.") { To = [Dialect.OpenAIChat, Dialect.OpenAIResponses] },
        new("Thinking round trip", "OpenAI refuses thoughts of earlier turns; upstreams whose profile says that they take them, such as OpenRouter, get them.") { Legs = [Leg.Request], To = [Dialect.OpenAIChat] },
        new("Thinking round trip", "A signature is good for the kind of upstream that made it; others are not shown it.") { Legs = [Leg.Request], To = [Dialect.OpenAIResponses, Dialect.GeminiContent] },
        new("Thinking round trip", "Signature and encrypted thoughts travel wrapped in the caller's own form, and are themselves again when the caller brings them back.") { Legs = [Leg.Answer, Leg.Stream], To = [Dialect.OpenAIResponses] },
        new("Thinking round trip", "Signature and encrypted thoughts travel wrapped in the caller's own form, and are themselves again when the caller brings them back.") { Legs = [Leg.Answer, Leg.Stream], From = [Dialect.OpenAIChat, Dialect.AnthropicMessages], To = [Dialect.GeminiContent] },
        new("Redacted thinking", "OpenAI refuses thoughts of earlier turns; upstreams whose profile says that they take them, such as OpenRouter, get them.") { Legs = [Leg.Request], To = [Dialect.OpenAIChat] },
        new("Redacted thinking", "A signature is good for the kind of upstream that made it; others are not shown it.") { Legs = [Leg.Request], To = [Dialect.OpenAIResponses, Dialect.GeminiContent] },
        new("Redacted thinking", "Signature and encrypted thoughts travel wrapped in the caller's own form, and are themselves again when the caller brings them back.") { Legs = [Leg.Answer, Leg.Stream], From = [Dialect.OpenAIChat, Dialect.AnthropicMessages], To = [Dialect.OpenAIResponses] },
        new("Redacted thinking", "Signature and encrypted thoughts travel wrapped in the caller's own form, and are themselves again when the caller brings them back.") { Legs = [Leg.Answer, Leg.Stream], From = [Dialect.OpenAIChat, Dialect.AnthropicMessages, Dialect.OpenAIResponses], To = [Dialect.GeminiContent] },
        new("Cache control", "Only Anthropic's callers mark what to cache; OpenRouter takes the marks as well, others cache by themselves.") { To = [Dialect.OpenAIChat, Dialect.OpenAIResponses, Dialect.GeminiContent] },
        new("Cache key", "Only OpenAI has cache keys.") { To = [Dialect.AnthropicMessages, Dialect.GeminiContent] },
        new("End user", "Gemini does not ask who the end user is.") { To = [Dialect.GeminiContent] },
        new("Metadata", "Only OpenAI keeps metadata.") { To = [Dialect.AnthropicMessages, Dialect.GeminiContent] },
        new("Service tier", "Gemini has no such tiers.") { To = [Dialect.GeminiContent] },
        new("Web search options", "Gemini searches without options.") { From = [Dialect.OpenAIChat, Dialect.AnthropicMessages, Dialect.OpenAIResponses], To = [Dialect.GeminiContent] },
        new("Code execution", "OpenAI chat runs no code; the request is refused.") { To = [Dialect.OpenAIChat] },
        new("URL context", "OpenAI fetches no pages; the request is refused.") { To = [Dialect.OpenAIChat, Dialect.OpenAIResponses] },
        new("Finish content filter", "Anthropic's word is refusal, which comes back as such.") { To = [Dialect.AnthropicMessages] },
        new("Finish refusal", "The word of the others is the content filter.") { To = [Dialect.OpenAIChat, Dialect.OpenAIResponses, Dialect.GeminiContent] },
        new("Finish stop sequence", "Only Anthropic tells which sequence ended the answer.") { To = [Dialect.OpenAIChat, Dialect.OpenAIResponses, Dialect.GeminiContent] },
        new("Finish pause", "Only Anthropic pauses; typed clients of the others throw at words that they do not know, and get a plain stop.") { To = [Dialect.OpenAIChat, Dialect.OpenAIResponses, Dialect.GeminiContent] },
        new("Refusal", "Only OpenAI tells a refusal from a text: it comes as text.") { To = [Dialect.AnthropicMessages, Dialect.GeminiContent] },
        new("Usage cache write", "The dialect counts no writes to the cache; the bill does.") { To = [Dialect.OpenAIResponses, Dialect.GeminiContent] },
        new("Usage audio image", "Anthropic does not tell kinds of tokens apart; the bill does.") { To = [Dialect.AnthropicMessages] },
    ];

    public static string? Reason(Input input, Dialect target) => All.Find(rule => rule.Covers(input, target))?.Reason;

    /// <summary>Exceptions that cover no cell.</summary>
    public static IEnumerable<string> Unused() => All
        .Where(rule => !Enum.GetValues<Leg>().SelectMany(Input.All).Any(input => Input.Dialects.Any(target => rule.Covers(input, target))))
        .Select(rule => $"{rule.Feature}: {rule.Reason}");

    private sealed record Rule(string Feature, string Reason)
    {
        public Leg[] Legs { get; init; } = [];

        public Dialect[] From { get; init; } = [];

        public Dialect[] To { get; init; } = [];

        public bool Covers(Input input, Dialect target) => input.Feature.Name == Feature
            && (Legs.Length == 0 || Legs.Contains(input.Leg))
            && (From.Length == 0 || From.Contains(input.Dialect))
            && (To.Length == 0 || To.Contains(target));
    }
}
