using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Files;

/// <summary>Writers killed without a warning leave nothing half-written under a final name, and the next write leaves nothing of them. Each kill is a process of its own.</summary>
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
