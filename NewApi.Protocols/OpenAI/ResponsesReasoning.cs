using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// What clients of Responses carry about unread in <c>encrypted_content</c> of reasoning items. OpenAI's own passes as it is; what other
/// upstreams want back with thoughts and calls is wrapped, and unwrapped when it comes back:
/// <code>
/// newapi:signature:…            proof of the thoughts in the item's summary
/// newapi:encrypted:…            thoughts that nobody else can read
/// newapi:call:call_1:…          proof that belongs to the call of that id
/// </code>
/// </summary>
internal static class ResponsesReasoning
{
    public const string Signature = "newapi:signature:";
    public const string Encrypted = "newapi:encrypted:";
    public const string Call = "newapi:call:";

    /// <summary>Encrypted thoughts of the canonical model for a caller.</summary>
    public static string Wrap(string encrypted) => ThoughtMark.Own(Dialect.OpenAIResponses, encrypted) ?? Encrypted + encrypted;

    /// <summary>The part of a request that a reasoning item is; null for what belongs to a call, which is told apart.</summary>
    public static ReasoningPart? Read(string text, string? content, string? id, Dictionary<string, string> callSignatures)
    {
        switch (content)
        {
            case null or "":
                return text.Length > 0 ? new ReasoningPart(text) { Id = id } : null;
            case var _ when content.StartsWith(Signature, StringComparison.Ordinal):
                return new ReasoningPart(text) { Signature = content[Signature.Length..] };
            case var _ when content.StartsWith(Encrypted, StringComparison.Ordinal):
                return new ReasoningPart(text) { Encrypted = content[Encrypted.Length..] };
            case var _ when content.StartsWith(Call, StringComparison.Ordinal):
                var end = content.IndexOf(':', Call.Length);
                if (end > 0)
                {
                    callSignatures[content[Call.Length..end]] = content[(end + 1)..];
                }

                return text.Length > 0 ? new ReasoningPart(text) : null;
            default:
                return new ReasoningPart(text) { Encrypted = "openai:" + content, Id = id };
        }
    }
}
