using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NewApi.Payments;

namespace NewApi.AdminService.Tests.TopUps;

/// <summary>Stripe, Creem and EPay on loopback: what the gateway sends to any of them arrives here.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<Received> _received = [];

    private FakeProvider(WebApplication app) => _app = app;

    /// <summary>Answers by method and path, without the query; a request without one gets 404.</summary>
    public Dictionary<string, JsonNode> Answers { get; } = [];

    public IReadOnlyList<Received> Requests
    {
        get
        {
            lock (_received)
            {
                return [.. _received];
            }
        }
    }

    public Uri Address { get; private set; } = null!;

    public static async Task<FakeProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        var provider = new FakeProvider(builder.Build());
        provider._app.Run(provider.AnswerAsync);
        await provider._app.StartAsync(TestContext.Current.CancellationToken);
        provider.Address = new Uri(provider._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return provider;
    }

    /// <summary>Leads every call of the payment client here.</summary>
    public void Register(IServiceCollection services) => services.AddHttpClient(PaymentsModule.Client)
        .ConfigurePrimaryHttpMessageHandler(() => new Detour(Address) { InnerHandler = new SocketsHttpHandler() });

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var request = new Received(
            $"{context.Request.Method} {context.Request.Path}",
            context.Request.QueryString.Value ?? "",
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync(context.RequestAborted));
        lock (_received)
        {
            _received.Add(request);
        }
        if (!Answers.TryGetValue(request.Route, out var answer))
        {
            context.Response.StatusCode = (int)HttpStatusCode.NotFound;
            answer = new JsonObject { ["error"] = new JsonObject { ["code"] = "resource_missing", ["message"] = "no such thing" } };
        }
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(), Encoding.UTF8, context.RequestAborted);
    }

    internal sealed record Received(string Route, string Query, IReadOnlyDictionary<string, string> Headers, string Body)
    {
        /// <summary>The body as form fields.</summary>
        public IReadOnlyDictionary<string, string> Fields => Body.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2))
            .ToDictionary(pair => WebUtility.UrlDecode(pair[0]), pair => WebUtility.UrlDecode(pair[1]), StringComparer.Ordinal);
    }

    private sealed class Detour(Uri to) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(to, request.RequestUri!.PathAndQuery);
            request.Headers.Host = null;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
