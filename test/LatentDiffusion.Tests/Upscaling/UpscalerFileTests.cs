using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>Files of upscaling networks: published layouts, and refusals of everything else.</summary>
public sealed class UpscalerFileTests : IDisposable
{
    private readonly UpscalerFiles _files = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData("current", "params_ema"), InlineData("current", "params"), InlineData("current", ""), InlineData("current", "state_dict")]
    [InlineData("trunk", ""), InlineData("numbered", ""), InlineData("numbered", "params_ema")]
    public void Every_published_layout_is_read(string layout, string container)
    {
        string pickle = _files["network.pth"], safetensors = _files["network.safetensors"];
        List<(string, Tensor)> tensors = UpscalerFiles.Tensors(layout: layout);
        UpscalerWeights.WritePickle(pickle, (container, tensors));
        UpscalerWeights.WriteSafetensors(safetensors, tensors);
        byte[] expected = Upscaled(_files.Rrdb());
        Assert.Equal(expected, Upscaled(pickle));
        Assert.Equal(expected, Upscaled(safetensors));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(4)]
    public void Scale_follows_from_the_weights(int scale)
    {
        using ImageUpscaler network = ImageUpscaler.Open(_files.Rrdb(scale), CPU), compact = ImageUpscaler.Open(_files.Compact(scale), CPU);
        Assert.Equal((scale, scale), (network.Scale, compact.Scale));
        Assert.Equal($"rrdb-x{scale}", network.Name);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(3)]
    public void Numbered_layers_tell_how_often_an_image_is_doubled(int doublings)
    {
        Dictionary<string, Tensor> weights = UpscalerWeights.Fill(UpscalerWeights.Rrdb(8, 4, blocks: 2, doublings));
        string path = _files["numbered.safetensors"];
        UpscalerWeights.WriteSafetensors(path, weights.Select(w => (UpscalerWeights.Rename(w.Key, "numbered", 2, doublings), w.Value)));
        using ImageUpscaler upscaler = ImageUpscaler.Open(path, CPU);
        Assert.Equal(1 << doublings, upscaler.Scale);
    }

    [Fact]
    public void The_running_average_takes_precedence()
    {
        string path = _files["both.pth"];
        List<(string Name, Tensor Values)> tensors = UpscalerFiles.Tensors();
        UpscalerWeights.WritePickle(path, ("params", [.. tensors.Select(t => (t.Name, t.Values * 0))]), ("params_ema", tensors));
        Assert.Equal(Upscaled(_files.Rrdb()), Upscaled(path));
    }

    [Fact]
    public void Weights_of_parallel_training_are_read()
    {
        string path = _files["parallel.pth"];
        UpscalerWeights.WritePickle(path, ("", UpscalerFiles.Tensors(prefix: "module.")));
        Assert.Equal(Upscaled(_files.Rrdb()), Upscaled(path));
    }

    [Fact]
    public void Another_architecture_is_refused_with_what_was_found_and_expected()
    {
        string path = _files["swinir.safetensors"];
        UpscalerWeights.WriteSafetensors(
            path, [("conv_first.weight", ones(8, 3, 3, 3)), ("layers.0.residual_group.blocks.0.norm1.weight", ones(8))]);
        string message = Refusal(path);
        Assert.Contains("not an upscaling network of a known architecture", message, StringComparison.Ordinal);
        Assert.Contains("layers.0.residual_group.blocks.0.norm1.weight", message, StringComparison.Ordinal);
        Assert.Contains(
            "expected those of RRDBNet, for example conv_first.weight and body.0.rdb1.conv1.weight", message, StringComparison.Ordinal);
        Assert.Contains("SRVGGNetCompact", message, StringComparison.Ordinal);
    }

    [Theory, InlineData("current"), InlineData("numbered")]
    public void Missing_and_unknown_tensors_are_named(string layout)
    {
        List<(string Name, Tensor Values)> tensors = UpscalerFiles.Tensors(layout: layout);
        string gone = UpscalerWeights.Rename("body.0.rdb2.conv3.bias", layout, 1, 2);
        string path = _files["incomplete.safetensors"];
        UpscalerWeights.WriteSafetensors(path, [.. tensors.Where(t => t.Name != gone), ("attention.weight", ones(2))]);
        CheckpointException refusal = Assert.Throws<CheckpointException>(() => ImageUpscaler.Open(path, CPU));
        Assert.Equal(["body.0.rdb2.conv3.bias"], refusal.Missing);
        Assert.Equal(["attention.weight"], refusal.Unexpected);
    }

    [Fact]
    public void A_missing_block_is_named()
    {
        string path = _files["gap.safetensors"];
        Dictionary<string, Tensor> weights = UpscalerWeights.Fill(UpscalerWeights.Rrdb(8, 4, blocks: 3));
        UpscalerWeights.WriteSafetensors(
            path, weights.Where(w => !w.Key.StartsWith("body.1.", StringComparison.Ordinal)).Select(w => (w.Key, w.Value)));
        CheckpointException refusal = Assert.Throws<CheckpointException>(() => ImageUpscaler.Open(path, CPU));
        Assert.Equal(30, refusal.Missing.Count);
        Assert.All(refusal.Missing, name => Assert.StartsWith("body.1.", name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("conv_first.weight", new long[] { 8, 1, 3, 3 }, "conv_first.weight has 1 input channels; expected 3, or 12 or 48")]
    [InlineData("conv_first.weight", new long[] { 8, 3, 5, 5 }, "conv_first.weight is [8, 3, 5, 5]; expected [channels, channels, 3, 3]")]
    [InlineData("conv_last.weight", new long[] { 4, 8, 3, 3 }, "conv_last.weight: [4, 8, 3, 3] in the file, [3, 8, 3, 3] in the network")]
    [InlineData("conv_up1.weight", new long[] { 8, 9, 3, 3 }, "conv_up1.weight: [8, 9, 3, 3] in the file, [8, 8, 3, 3] in the network")]
    public void A_tensor_of_another_shape_is_named(string name, long[] shape, string expected)
    {
        string path = _files["shape.safetensors"];
        UpscalerWeights.WriteSafetensors(path, [.. UpscalerFiles.Tensors().Select(t => (t.Name, t.Name == name ? ones(shape) : t.Values))]);
        Assert.Contains(expected, Refusal(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("body.4000000.rdb1.conv1.weight"), InlineData("body.999999999.rdb1.conv1.weight"), InlineData("conv_up40.weight")]
    [InlineData("conv_up2000000000.weight"), InlineData("body.60000.weight")]
    public void A_name_does_not_make_a_small_file_a_large_network(string name)
    {
        string path = _files["claims.safetensors"];
        UpscalerWeights.WriteSafetensors(path, [.. UpscalerFiles.Tensors(), (name, ones(8, 8, 3, 3))]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refusal(path);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Theory, InlineData(".pth"), InlineData(".safetensors")]
    public void Damaged_files_are_refused(string extension)
    {
        string path = _files["whole" + extension];
        if (extension == ".pth") UpscalerWeights.WritePickle(path, ("params_ema", UpscalerFiles.Tensors()));
        else UpscalerWeights.WriteSafetensors(path, UpscalerFiles.Tensors());
        byte[] whole = File.ReadAllBytes(path);
        string damaged = _files["damaged" + extension];
        foreach (int length in (int[])[0, 1, 8, 100, whole.Length / 2, whole.Length - 1])
        {
            File.WriteAllBytes(damaged, whole[..length]);
            Assert.Contains(damaged, Refusal(damaged), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Wrong_options_are_refused()
    {
        string path = _files.Rrdb();
        Refused(new UpscalingOptions { TileSize = 15 }, "TileSize");
        Refused(new UpscalingOptions { TileSize = 64, Overlap = 33 }, "Overlap is 33; expected at most half of TileSize, 64");
        Refused(new UpscalingOptions { Overlap = -1 }, "Overlap");
        Assert.Throws<FileNotFoundException>(() => ImageUpscaler.Open(_files["nowhere.pth"], CPU));

        void Refused(UpscalingOptions options, string message) => Assert.Contains(
            message,
            Assert.Throws<System.ComponentModel.DataAnnotations.ValidationException>(
                () => ImageUpscaler.Open(path, CPU, options: options)).Message,
            StringComparison.Ordinal);
    }

    private static string Refusal(string path) => Assert.Throws<CheckpointException>(() => ImageUpscaler.Open(path, CPU)).Message;

    private static byte[] Upscaled(string path)
    {
        using ImageUpscaler upscaler = ImageUpscaler.Open(path, CPU);
        return upscaler.Upscale(TaskImages.Image).Rgb.ToArray();
    }
}
