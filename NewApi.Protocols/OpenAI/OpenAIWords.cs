using System.Security.Cryptography;
using System.Text;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>Values of a request in words that chat completions and Responses both take.</summary>
internal static class OpenAIWords
{
    private const int LongestUser = 64;

    /// <summary>How much to reason; null says nothing. Where thinking is only said to be off, nothing needs to be said.</summary>
    public static string? Effort(ReasoningWish wish) =>
        (wish.Effort is not null || wish.Enabled != false) && wish.ToEffort() is { } effort ? effort == "max" ? "xhigh" : effort : null;

    /// <summary>An end user's id; one that is too long becomes another that is always the same.</summary>
    public static string User(string user) =>
        user.Length <= LongestUser ? user : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user)));

    /// <summary>A service tier, whose opposite of a better one has another name at Anthropic.</summary>
    public static string Tier(string tier) => tier == "standard_only" ? "default" : tier;
}
