using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class TensorBoardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_checksum_is_that_of_rfc_3720()
    {
        byte[] rising = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        Assert.Equal(0x8A9136AAu, MaskedCrc32C.Plain(new byte[32]));
        Assert.Equal(0x62A8AB43u, MaskedCrc32C.Plain([.. Enumerable.Repeat((byte)255, 32)]));
        Assert.Equal(0x46DD794Eu, MaskedCrc32C.Plain(rising));
        Assert.Equal(0x113FDB5Cu, MaskedCrc32C.Plain([.. rising.Reverse()]));
        Assert.Equal(0xE3069283u, MaskedCrc32C.Plain("123456789"u8));
        for (int length = 0; length < 40; length++)
            Assert.Equal(
                TensorBoardReader.Checksum(rising.AsSpan(0, Math.Min(length, 32))),
                MaskedCrc32C.Plain(rising.AsSpan(0, Math.Min(length, 32))));
        // The head of the first record of a TensorFlow event file: 24 bytes, masked.
        Assert.Equal(0x224B7FA3u, MaskedCrc32C.Compute([24, 0, 0, 0, 0, 0, 0, 0]));
    }

    [Fact]
    public void A_second_reader_finds_scalars_and_images()
    {
        var grid = new ImageBuffer(3, 2, [.. Enumerable.Range(0, 18).Select(i => (byte)(i * 14))]);
        using (RunFolder run = RunFolder.Open(_folder["run"], new StoppedClock()))
        {
            run.Record("denoiser", 300, ("loss", 0.75), ("learning_rate", 1e-4), ("gradient_norm", double.PositiveInfinity));
            run.AddImageGrid("denoiser", 1L << 40, grid);
        }

        string path = Path.Combine(_folder["run"], "events.out.tfevents.1700000000");
        List<TensorBoardReader.Event> events = TensorBoardReader.Read(path);
        Assert.Equal("brain.Event:2", events[0].Version);
        Assert.All(events, e => Assert.Equal(1700000000.25, e.WallTime));
        Assert.Equal(300, events[1].Step);
        Assert.Equal([("denoiser/loss", 0.75f), ("denoiser/learning_rate", 1e-4f)], events[1].Values.Select(v => (v.Tag, v.Number!.Value)));
        Assert.Equal(1L << 40, events[2].Step);
        TensorBoardReader.Value image = Assert.Single(events[2].Values);
        Assert.Equal(("denoiser/samples", 2L, 3L, 3L), (image.Tag, image.Height, image.Width, image.Colors));
        Assert.Equal(grid.Rgb.ToArray(), new SkiaImageCodec().Decode(image.Image!).Rgb.ToArray());
        Assert.Equal(3, events.Count);
    }

    [Fact]
    public void Half_a_record_of_a_killed_process_is_cut_off()
    {
        using (RunFolder run = RunFolder.Open(_folder["run"], new StoppedClock()))
            for (int step = 1; step <= 3; step++) run.Record("denoiser", step, ("loss", step));
        string path = Path.Combine(_folder["run"], "events.out.tfevents.1700000000");
        byte[] whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^3]);
        using (RunFolder run = RunFolder.Open(_folder["run"], new StoppedClock())) run.Record("denoiser", 3, ("loss", 3));
        Assert.Equal(whole, File.ReadAllBytes(path));
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1700000000250);
    }
}
