using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Files;

/// <summary>
/// Writers that are killed at any time leave complete files under final names, and the next write removes their temporary
/// files. Each writer is a separate process.
/// </summary>
[Trait("Category", "Program")]
public sealed class KilledWriterTests(TinyModel model) : IClassFixture<TinyModel>
{
    [Theory]
    [InlineData("images")]
    [InlineData("folder")]
    [InlineData("cache")]
    public void A_killed_writer_leaves_no_half_file(string what)
    {
        using var folder = new TemporaryFolder();
        var writer = new KilledWriter(what, model.Folder, folder["out"]);
        writer.Kill(1);
        writer.Finish();
    }
}
