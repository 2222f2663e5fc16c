using LatentDiffusion.Jobs.Hangfire;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Store;

/// <summary>Images in SQLite.</summary>
public sealed class DatabaseImageStoreTests : ImageStoreTests, IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteDatabase _database;

    public DatabaseImageStoreTests() => _database = new SqliteDatabase(_folder["jobs.db"]);

    protected override IImageStore Store => new DatabaseImageStore(_database, new HangfireJobOptions());

    public async ValueTask InitializeAsync() => await _database.InitializeAsync(Deadline.Token);

    [Fact]
    public async Task It_is_registered_over_the_database_of_the_queue()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLatentDiffusionJobs().UseDatabaseImageStore();
        await using ServiceProvider without = services.BuildServiceProvider();
        Assert.Contains("UseHangfire", Assert.Throws<InvalidOperationException>(() => without.GetRequiredService<IImageStore>()).Message);

        services.AddLatentDiffusionJobs().UseHangfire(o => o.UseSqlite(_folder["jobs.db"]));
        await using ServiceProvider with = services.BuildServiceProvider();
        await with.GetRequiredService<IImageStore>().WriteAsync("job/0.png", new byte[] { 65 }, Deadline.Token);
        Assert.Equal("A", await ReadAsync("job/0.png"));
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }
}
