using NewApi.Data.Settings;

namespace NewApi.Data.Tests.Settings;

public sealed class RedisAddressTests
{
    [Theory]
    [InlineData("redis://redis", "Unspecified/redis:6379", null, null, null, false)]
    [InlineData("redis://", "Unspecified/localhost:6379", null, null, null, false)]
    [InlineData("redis://:p%40ss@host:6380/3", "Unspecified/host:6380", null, "p@ss", 3, false)]
    [InlineData("redis://user:p@ss@host/0?db=5", "Unspecified/host:6379", "user", "p@ss", 5, false)]
    [InlineData("rediss://user@10.0.0.1:7000", "10.0.0.1:7000", "user", null, null, true)]
    [InlineData("unix://user:pw@/run/redis.sock?db=2", "/run/redis.sock", "user", "pw", 2, false)]
    [InlineData("host1:6379,host2:6380,password=pw,defaultDatabase=4", "Unspecified/host1:6379", null, "pw", 4, false)]
    public void Every_form_is_read(string text, string first, string? user, string? password, int? database, bool ssl)
    {
        var options = RedisAddress.Parse(text);

        Assert.Equal(first, options.EndPoints[0].ToString());
        Assert.Equal((user, password, database, ssl), (options.User, options.Password, options.DefaultDatabase, options.Ssl));
    }

    [Fact]
    public void Timeouts_are_read()
    {
        var options = RedisAddress.Parse("redis://host?dial_timeout=3s&read_timeout=1500ms&pool_size=20&max_retries=2");

        Assert.Equal((3000, 2000), (options.ConnectTimeout, options.AsyncTimeout));
    }

    [Theory]
    [InlineData("http://:hunter2@host")]
    [InlineData("unix://hunter2.sock")]
    [InlineData("redis://:hunter2@host:port")]
    [InlineData("redis://:hunter2@host/first")]
    [InlineData("password=hunter2")]
    [InlineData("host,hunter2=1")]
    public void What_is_wrong_is_told_without_the_text(string text)
    {
        var mistake = Assert.Throws<FormatException>(() => RedisAddress.Parse(text));
        Assert.DoesNotContain("hunter2", mistake.ToString(), StringComparison.Ordinal);
    }
}
