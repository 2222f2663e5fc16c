using LatentDiffusion.Jobs.Hangfire;
using LatentDiffusion.Jobs.Worker;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Store;

/// <summary>Images in PostgreSQL, where it is installed.</summary>
[Trait(TestCategories.Name, TestCategories.Long), Trait(TestCategories.Name, TestCategories.Soak)]
public sealed class PostgreSqlImageStoreTests : ImageStoreTests, IClassFixture<PostgreSqlImageStoreTests.Server>, IAsyncLifetime
{
    private readonly PostgreSqlDatabase? _database;

    public PostgreSqlImageStoreTests(Server server)
    {
        if (server.PostgreSql is { } running) _database = new PostgreSqlDatabase(running.Create($"images{Guid.NewGuid():n}"), "images");
    }

    protected override IImageStore Store => new DatabaseImageStore(_database!, new HangfireJobOptions());

    public async ValueTask InitializeAsync()
    {
        if (_database is null) Assert.Skip("PostgreSQL is not installed.");
        await _database.InitializeAsync(Deadline.Token);
    }

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? default;

    public sealed class Server : IDisposable
    {
        internal TemporaryPostgreSql? PostgreSql { get; } = TemporaryPostgreSql.FindPrograms() is null ? null : TemporaryPostgreSql.Open();

        public void Dispose() => PostgreSql?.Dispose();
    }
}
