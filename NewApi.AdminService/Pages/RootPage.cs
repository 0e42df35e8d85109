using System.Net;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Domain;
using NewApi.ServiceDefaults;

namespace NewApi.AdminService.Pages;

/// <summary>
/// What a browser gets on every path that is no API: for now one page that says what this is and where the API is. Unknown paths below
/// the API prefixes are a JSON 404 (specification: admin API §19.15).
/// </summary>
internal static class RootPage
{
    private static readonly string[] ApiPrefixes = ["/api", "/v1", "/v1beta", "/assets", "/mj", "/suno", "/dashboard"];

    public static void MapPages(this IEndpointRouteBuilder routes) =>
        routes.Map("/{**path}", Get).WithOrder(int.MaxValue).ExcludeFromDescription();

    internal static async Task Get(HttpContext context)
    {
        var services = context.RequestServices;
        var request = context.Request;
        context.Response.Headers[RequestId.Header] = RequestId.Next(services.GetRequiredService<TimeProvider>());
        context.Response.Headers["X-New-Api-Version"] = services.GetRequiredService<AdminOptions>().Version;
        if (Array.Exists(ApiPrefixes, prefix => request.Path.StartsWithSegments(prefix, StringComparison.Ordinal))
            || !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)))
        {
            await JsonBody.UnknownPath(request).ExecuteAsync(context);
            return;
        }
        if (!services.GetRequiredService<RateLimits>().Admit(LimitKind.Web, ClientAddress.Of(context)))
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }
        if (services.GetRequiredService<AdminOptions>().FrontendBaseUrl is { } frontend)
        {
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = frontend + request.PathBase + request.Path + request.QueryString;
            return;
        }
        var name = (await services.GetRequiredService<LiveOptions>().CurrentAsync(context.RequestAborted)).SystemName;
        var headers = context.Response.Headers;
        headers.CacheControl = "no-cache";
        headers.Vary = "Accept-Language";
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
        headers.XContentTypeOptions = "nosniff";
        context.Response.ContentType = "text/html; charset=utf-8";
        if (HttpMethods.IsGet(request.Method))
        {
            await context.Response.WriteAsync(Html(WebUtility.HtmlEncode(name), Languages.Of(context)), context.RequestAborted);
        }
    }

    private static string Html(string name, Language language)
    {
        var (code, lead, relay, manage, docs, console) = language is Language.Chinese
            ? ("zh", "这是一个大模型网关：一个地址、一个密钥，连接多家模型服务。",
                "模型接口：将客户端的 Base URL 设为本站地址（OpenAI 客户端为 <code>/v1</code>）。",
                "管理接口位于 <code>/api</code>，状态见 <a href=\"/api/status\">/api/status</a>。",
                "管理接口文档：<a href=\"/scalar\">/scalar</a>（<a href=\"/openapi/v1.json\">OpenAPI</a>）。",
                "此版本暂未附带管理界面；现有的 new-api 前端可以连接到这个地址。")
            : ("en", "This is an LLM gateway: one address and one key in front of many model providers.",
                "Models: point your client's base URL at this address (OpenAI clients: <code>/v1</code>).",
                "The management API is below <code>/api</code>; see <a href=\"/api/status\">/api/status</a>.",
                "Its documentation: <a href=\"/scalar\">/scalar</a> (<a href=\"/openapi/v1.json\">OpenAPI</a>).",
                "This version ships without a console; existing new-api front ends can be pointed at this address.");
        return $$"""
            <!doctype html>
            <html lang="{{code}}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{{name}}</title>
            <style>
            :root { color-scheme: light dark }
            body { font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 15vh auto 4rem; padding: 0 1.5rem }
            h1 { font-size: 1.6rem } li { margin: .4rem 0 } small { opacity: .7 }
            </style>
            </head>
            <body>
            <h1>{{name}}</h1>
            <p>{{lead}}</p>
            <ul>
            <li>{{relay}}</li>
            <li>{{manage}}</li>
            <li>{{docs}}</li>
            </ul>
            <p><small>{{console}}</small></p>
            </body>
            </html>

            """;
    }
}
