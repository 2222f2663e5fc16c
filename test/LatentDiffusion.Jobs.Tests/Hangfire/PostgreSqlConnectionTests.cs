using LatentDiffusion.Jobs.Hangfire;
using Npgsql;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Hangfire;

public class PostgreSqlConnectionTests
{
    [Theory]
    [InlineData("Host=db", 100)]
    [InlineData("Host=db;Max Auto Prepare=0", 0)]
    [InlineData("Host=db;MaxAutoPrepare=7", 7)]
    public void Commands_are_prepared_unless_the_connection_string_says_otherwise(string given, int expected) =>
        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(PostgreSqlDatabase.Configure(given)).MaxAutoPrepare);

    [Fact]
    public void A_lost_connection_is_noticed_whatever_the_connection_string_says()
    {
        var settings = new NpgsqlConnectionStringBuilder(PostgreSqlDatabase.Configure("Host=db;Command Timeout=0;TCP Keepalive=false"));
        Assert.Equal(15, settings.CommandTimeout);
        Assert.True(settings.TcpKeepAlive);
        Assert.Equal("db", settings.Host);
    }
}
