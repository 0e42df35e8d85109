using System.Collections.Frozen;
using NewApi.Domain;

namespace NewApi.Providers.Azure;

/// <summary>
/// Azure's OpenAI service (channel type 3): models are deployments, and every path names an API version: the caller's query, the channel's
/// version field, or <c>AZURE_DEFAULT_API_VERSION</c>, in this order.
/// </summary>
internal static class Azure
{
    /// <summary>Channels made before 10 May 2025 name their deployments without the dots of the models.</summary>
    private static readonly DateTimeOffset DotsFrom = new(2025, 5, 10, 0, 0, 0, TimeSpan.Zero);

    public static ProviderProfile Profile { get; } = new(3, "Azure", null)
    {
        Credential = CredentialScheme.AzureKey,
        Paths = OpenAI.OpenAI.Profile.Paths.Where(path => path.Key != Dialect.Rerank).ToFrozenDictionary(),
        Route = Route,
        GatewayPrefix = "/openai/deployments",
        StreamOptions = true,
        PrefersResponses = true,
        Rules =
        [
            .. OpenAI.ReasoningModels.Rules,
            new BodyRule(NameDeployment) { Dialects = [Dialect.OpenAIResponses, Dialect.OpenAIResponsesCompact] },
        ],
    };

    /// <summary>The path of Responses names no deployment: the body does.</summary>
    private static void NameDeployment(RequestDraft draft)
    {
        if (draft.Has("model") && DeploymentOf(draft.Account, draft.Model) is var name && name != draft.Model)
        {
            draft.Set("model", name);
        }
    }

    private static string DeploymentOf(ProviderAccount account, string model) =>
        account.Created > DateTimeOffset.UnixEpoch && account.Created < DotsFrom ? model.Replace(".", "", StringComparison.Ordinal) : model;

    private static string Route(UpstreamMessage message)
    {
        var account = message.Account;
        // The caller's version must not become another deployment than the one that is billed.
        var version = Uri.EscapeDataString(
            message.ClientQuery("api-version") ?? (account.Other.Length > 0 ? account.Other : message.Settings.AzureApiVersion));
        if (message.Dialect is Dialect.OpenAIResponses or Dialect.OpenAIResponsesCompact)
        {
            var compact = message.Dialect == Dialect.OpenAIResponsesCompact ? "/compact" : "";
            var own = account.Setting("azure_responses_version");
            return account.BaseUrl.Contains("cognitiveservices.azure.com", StringComparison.OrdinalIgnoreCase)
                ? $"/openai/responses{compact}?api-version={own ?? version}"
                : $"/openai/v1/responses{compact}?api-version={own ?? "preview"}";
        }
        var deployment = Uri.EscapeDataString(DeploymentOf(account, message.Model));
        if (message.Dialect == Dialect.OpenAIRealtime)
        {
            return $"/openai/realtime?deployment={deployment}&api-version={version}";
        }
        var task = account.Profile.Paths[message.Dialect]["/v1".Length..];
        return $"/openai/deployments/{deployment}{task}?api-version={version}";
    }
}
