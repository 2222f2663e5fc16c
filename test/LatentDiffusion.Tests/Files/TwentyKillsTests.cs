using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Files;

/// <summary><see cref="KilledWriterTests"/> with twenty kills each.</summary>
[Trait(TestCategories.Name, TestCategories.Long), Trait(TestCategories.Name, TestCategories.Soak)]
public sealed class TwentyKillsTests(TinyModel model) : IClassFixture<TinyModel>
{
    [Theory]
    [InlineData("images")]
    [InlineData("folder")]
    [InlineData("cache")]
    public void Twenty_kills_leave_no_half_file(string what)
    {
        using var folder = new TemporaryFolder();
        var writer = new KilledWriter(what, model.Folder, folder["out"]);
        writer.Kill(20);
        writer.Finish();
    }
}
