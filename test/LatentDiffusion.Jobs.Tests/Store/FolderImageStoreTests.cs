using Xunit;

namespace LatentDiffusion.Jobs.Tests.Store;

public sealed class FolderImageStoreTests : ImageStoreTests, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderImageStore _store;

    public FolderImageStoreTests() => _store = new FolderImageStore(_folder["store"]);

    protected override IImageStore Store => _store;

    [Fact]
    public async Task Nothing_else_is_left_of_a_file_that_was_written()
    {
        await _store.WriteAsync("job/0.png", new byte[100_000], Deadline.Token);
        await _store.WriteAsync("job/0.png", new byte[1], Deadline.Token);
        Assert.Single(Directory.GetFiles(Path.Combine(_store.Folder, "job")));
        Assert.Equal([_store.Folder], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_folder_with_other_files_is_refused()
    {
        File.WriteAllText(_folder["holiday.jpg"], "");
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => new FolderImageStore(_folder.Path));
        Assert.Contains(_folder.Path, e.Message, StringComparison.Ordinal);
        Assert.Equal(_store.Folder, new FolderImageStore(_store.Folder).Folder);
    }

    public void Dispose() => _folder.Dispose();
}
