using System.Collections.Frozen;
using NewApi.Domain;
using NewApi.Domain.Groups;
using NewApi.Protocols;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Replies;

namespace NewApi.RelayService.Endpoints;

/// <summary>Which models a key may use, in the shape its client reads (specification: relay §1.6).</summary>
internal static class ModelEndpoints
{
    public static IEndpointRouteBuilder MapModels(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", (HttpContext http, RelaySnapshots snapshots, Authenticator keys) =>
            ListAsync(http, snapshots, keys, ShapeOf(http.Request))).ForCallers();
        routes.MapGet("/v1/models/{**model}", RetrieveAsync).ForCallers();
        routes.MapGet("/v1beta/models", (HttpContext http, RelaySnapshots snapshots, Authenticator keys) =>
            ListAsync(http, snapshots, keys, ErrorShape.Gemini)).ForCallers();
        routes.MapGet("/v1beta/openai/models", (HttpContext http, RelaySnapshots snapshots, Authenticator keys) =>
            ListAsync(http, snapshots, keys, ErrorShape.OpenAI)).ForCallers();
        return routes;
    }

    private static async Task ListAsync(HttpContext http, RelaySnapshots snapshots, Authenticator keys, ErrorShape shape)
    {
        var id = RequestIds.Begin(http);
        var snapshot = snapshots.Current;
        var (caller, fault) = await keys.AuthenticateAsync(http, snapshot, Dialect.OpenAIChat);
        if (fault is not null)
        {
            await ReplyWriter.WriteFaultAsync(http, shape, fault, id);
            return;
        }
        var models = ModelsOf(snapshot, caller!).Select(model => Listing(snapshot, model)).ToList();
        await WriteAsync(http, body => ModelLists.Write(body, shape, models));
    }

    private static async Task RetrieveAsync(HttpContext http, string model, RelaySnapshots snapshots, Authenticator keys)
    {
        var id = RequestIds.Begin(http);
        var snapshot = snapshots.Current;
        var shape = ShapeOf(http.Request) == ErrorShape.Anthropic ? ErrorShape.Anthropic : ErrorShape.OpenAI;
        var (caller, fault) = await keys.AuthenticateAsync(http, snapshot, Dialect.OpenAIChat);
        if (fault is not null)
        {
            await ReplyWriter.WriteFaultAsync(http, shape, fault, id);
            return;
        }
        if (ModelsOf(snapshot, caller!).Contains(model, StringComparer.Ordinal))
        {
            await WriteAsync(http, body => ModelLists.WriteOne(body, shape, Listing(snapshot, model)));
        }
        else
        {
            // Status 200 with an error object: what clients of the reference expect.
            await WriteAsync(http, body => ModelLists.WriteUnknown(body, model));
        }
    }

    /// <summary>The key's own list, or what its group can reach; models without a price are left out where they could not be called.</summary>
    private static IEnumerable<string> ModelsOf(RelaySnapshot snapshot, Caller caller)
    {
        var groups = caller.TokenGroup switch
        {
            "" => [caller.UserGroup],
            GroupRules.Auto => snapshot.Prices.Groups.AutoGroupsOf(caller.UserGroup),
            var group => (IReadOnlyList<string>)[group],
        };
        var models = caller.Models is { } limited
            ? limited.Order(StringComparer.Ordinal)
            : groups.SelectMany(group => snapshot.Routing.ModelsOf(group).Order(StringComparer.Ordinal)).Distinct(StringComparer.Ordinal);
        var unpricedToo = snapshot.Options.SelfUseModeEnabled || caller.AcceptsUnpriced;
        return models.Where(model => unpricedToo || snapshot.Prices.HasPrice(model));
    }

    private static ModelListing Listing(RelaySnapshot snapshot, string model)
    {
        var profile = snapshot.Routing.ProviderOf(model);
        return new ModelListing(model, profile?.Name.ToLowerInvariant() ?? "custom", EndpointTypes(model, profile));
    }

    private static List<string> EndpointTypes(string model, Providers.ProviderProfile? profile)
    {
        if (Providers.ProviderRegistry.IsFilm(model, profile is null ? [] : [profile.ChannelType]))
        {
            return ["openai-video"];
        }
        var types = new List<string>();
        foreach (var (dialect, name) in EndpointNames)
        {
            if (profile is null ? dialect == Dialect.OpenAIChat : profile.Speaks(dialect))
            {
                types.Add(name);
            }
        }
        return types;
    }

    private static readonly FrozenDictionary<Dialect, string> EndpointNames = new Dictionary<Dialect, string>
    {
        [Dialect.OpenAIChat] = "openai",
        [Dialect.OpenAIResponses] = "openai-response",
        [Dialect.AnthropicMessages] = "anthropic",
        [Dialect.GeminiContent] = "gemini",
    }.ToFrozenDictionary();

    private static ErrorShape ShapeOf(HttpRequest request) =>
        request.Headers.ContainsKey("x-api-key") && request.Headers.ContainsKey("anthropic-version") ? ErrorShape.Anthropic
        : request.Headers.ContainsKey("x-goog-api-key") || request.Query.ContainsKey("key") ? ErrorShape.Gemini
        : ErrorShape.OpenAI;

    private static async Task WriteAsync(HttpContext http, Action<PooledBuffer> write)
    {
        using var body = new PooledBuffer();
        write(body);
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.Memory, http.RequestAborted);
    }
}
