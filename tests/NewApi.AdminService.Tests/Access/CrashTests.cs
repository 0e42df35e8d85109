using System.Net;
using LinqToDB;
using LinqToDB.Data;

namespace NewApi.AdminService.Tests.Access;

public class CrashTests
{
    [Fact]
    public async Task A_crash_answers_500_in_a_known_shape_and_says_nothing_of_its_cause()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await host.Database.WriteAsync((db, ct) => db.ExecuteAsync("DROP TABLE redemptions", ct), TestContext.Current.CancellationToken);

        var reply = await root.GetAsync("/api/redemption/");

        Assert.Equal(HttpStatusCode.InternalServerError, reply.Status);
        JsonShape.Equal("""{"error":{"message":"*","type":"new_api_panic"}}""", reply.Text);
        Assert.DoesNotContain("redemptions", reply.Text);
        Assert.Contains(reply.Headers.GetValues("X-Oneapi-Request-Id").Single(), reply.Text);
    }

    [Theory]
    [InlineData("/api/user/not-a-number")]
    [InlineData("/api/user/99999999999999999999")]
    public async Task An_id_that_is_no_number_is_an_unknown_path(string path)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.Equal(HttpStatusCode.NotFound, (await root.GetAsync(path)).Status);
    }
}
