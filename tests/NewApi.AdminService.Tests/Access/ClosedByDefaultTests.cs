using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NewApi.AdminService.Access;

namespace NewApi.AdminService.Tests.Access;

public class ClosedByDefaultTests
{
    [Fact]
    public async Task Every_route_that_is_not_named_refuses_an_anonymous_caller()
    {
        var (host, _) = await AdminHost.StartSetUpAsync();
        await using var _1 = host;
        var refused = 0;
        foreach (var (method, pattern) in Routes(host))
        {
            if (OpenRoutes.Names.Contains($"{method} {pattern}"))
            {
                continue;
            }
            var path = pattern.Replace("{id:long}", "1").Replace("{**path}", "x");
            var reply = await host.Anonymous.SendAsync(new HttpMethod(method), path, method is "POST" or "PUT" ? "{}" : null);
            Assert.True(reply.Status == HttpStatusCode.Unauthorized, $"{method} {pattern} answered {(int)reply.Status}: {reply.Text}");
            Assert.False(reply.Json["success"]!.GetValue<bool>());
            refused++;
        }
        Assert.True(refused > 60, $"only {refused} routes were found");
    }

    [Fact]
    public async Task Every_named_route_exists()
    {
        await using var host = await AdminHost.StartAsync();
        var known = Routes(host).Select(route => $"{route.Method} {route.Pattern}").ToHashSet();

        Assert.Empty(OpenRoutes.Names.Except(known));
    }

    [Fact]
    public async Task A_common_user_reaches_no_route_of_administrators()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var user = await host.CreateUserAsync(root, "alice");
        var admin = await host.CreateUserAsync(root, "carol", role: 10);
        foreach (var endpoint in Endpoints(host))
        {
            var level = endpoint.Metadata.OfType<RequiredRole>().Select(role => role.Level).DefaultIfEmpty(1).Max();
            var method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "GET";
            var path = "/" + endpoint.RoutePattern.RawText!.Trim('/').Replace("{id:long}", "424242").Replace("{**path}", "x");
            if (level > 1)
            {
                Refuses(await user.SendAsync(new HttpMethod(method), path, method is "POST" or "PUT" ? "{}" : null), method, path);
            }
            if (level > 10)
            {
                Refuses(await admin.SendAsync(new HttpMethod(method), path, method is "POST" or "PUT" ? "{}" : null), method, path);
            }
        }

        static void Refuses(Reply reply, string method, string path)
        {
            Assert.True(reply.Status == HttpStatusCode.OK && !reply.Success, $"{method} {path}: {reply.Text}");
            Assert.Equal("This needs a higher role", reply.Message);
        }
    }

    private static IEnumerable<RouteEndpoint> Endpoints(AdminHost host) =>
        host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(endpoint =>
            endpoint.RoutePattern.RawText is { } text && (text.TrimStart('/').StartsWith("api/", StringComparison.Ordinal) || text.Contains("billing")));

    private static IEnumerable<(string Method, string Pattern)> Routes(AdminHost host) =>
        from endpoint in Endpoints(host)
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["*"]
        select (method, "/" + endpoint.RoutePattern.RawText!.Trim('/'));
}
