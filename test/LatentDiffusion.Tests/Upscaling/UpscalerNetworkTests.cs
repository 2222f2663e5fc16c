using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>Upscaling networks compared with the same arithmetic written plainly, and their published parameters.</summary>
public sealed class UpscalerNetworkTests
{
    private const double Tolerance = 1e-5;

    [Theory]
    [InlineData(1, 2, 1, true), InlineData(2, 2, 1, true), InlineData(1, 2, 2, true), InlineData(1, 2, 4, true)]
    [InlineData(1, 0, 1, true), InlineData(1, 1, 1, true), InlineData(1, 3, 1, true), InlineData(2, 2, 2, false)]
    public void RRDBNet_is_the_plain_arithmetic(int blocks, int doublings, int unshuffle, bool packed)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        InferenceForm.IsEnabled = packed;
        using var network = new RRDBNet(new RRDBNetConfig(16, 8, blocks, doublings, unshuffle), LayerFactory.Random);
        Tensor images = FormulaWeights.Input("images", [1, 3, 16, 12], clamp: 1);
        Dictionary<string, Tensor> weights = UpscalerWeights.Fill(UpscalerWeights.Rrdb(16, 8, blocks, doublings, unshuffle));
        Compare(network, images, PlainUpscalers.Rrdb(images, weights, blocks, doublings, unshuffle));
        Assert.Equal((1 << doublings) / unshuffle, network.Scale);
    }

    [Theory, InlineData(2, 4, true), InlineData(0, 2, true), InlineData(3, 1, true), InlineData(2, 4, false)]
    public void SRVGGNetCompact_is_the_plain_arithmetic(int convolutions, int scale, bool packed)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        InferenceForm.IsEnabled = packed;
        using var network = new SRVGGNetCompact(16, convolutions, scale, LayerFactory.Random);
        Tensor images = FormulaWeights.Input("images", [1, 3, 10, 7], clamp: 1);
        Dictionary<string, Tensor> weights = UpscalerWeights.Fill(UpscalerWeights.Compact(16, convolutions, scale));
        Compare(network, images, PlainUpscalers.Compact(images, weights, convolutions, scale));
    }

    [Theory, InlineData(1, 8, 8), InlineData(2, 5, 3), InlineData(1, 1, 1)]
    public void Convolution_with_a_leaky_ReLU_is_one_call(long batch, long height, long width)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Conv2dLayer layer = LayerFactory.Random.Conv2d(16, 24, 3, padding: 1);
        using IndexedLayers network = new IndexedLayers().Add(layer);
        network.eval();
        Tensor map = FormulaWeights.Input("map", [batch, 16, height, width]), convolved = layer.call(map);
        Tensor expected = where(convolved > 0, convolved, 0.1 * convolved);
        using NetworkUse weights = NetworkUse.ToEvaluate(network);
        Tensor found = layer.ConvolveLeaky(map, 0.1);
        Assert.Equal(CpuOperators.IsAvailable, layer.IsPacked);
        Assert.InRange((found - expected).abs().max().item<float>(), 0, Tolerance);
        Assert.InRange(expected.min().item<float>(), double.MinValue, -0.01);
    }

    [Theory]
    [InlineData(23, 1, 702), InlineData(23, 2, 702), InlineData(6, 1, 192)]
    public void RRDBNet_has_the_published_parameters(int blocks, int unshuffle, int count)
    {
        var config = new RRDBNetConfig(64, 32, blocks, 2, unshuffle);
        using var network = new RRDBNet(config, LayerFactory.Uninitialized(META, ScalarType.Float32));
        AssertParameters(UpscalerWeights.Rrdb(64, 32, blocks, 2, unshuffle), network, count);
    }

    [Theory, InlineData(32, 101), InlineData(16, 53)]
    public void SRVGGNetCompact_has_the_published_parameters(int convolutions, int count)
    {
        using var network = new SRVGGNetCompact(64, convolutions, 4, LayerFactory.Uninitialized(META, ScalarType.Float32));
        AssertParameters(UpscalerWeights.Compact(64, convolutions, 4), network, count);
    }

    private static void AssertParameters(List<(string Name, long[] Shape)> expected, nn.Module network, int count)
    {
        Dictionary<string, Tensor> found = network.state_dict();
        Assert.Equal(count, expected.Count);
        Assert.Equal(expected.Select(e => e.Name).Order(), found.Keys.Order());
        Assert.All(expected, e => Assert.Equal(e.Shape, found[e.Name].shape));
    }

    private static void Compare(UpscalingNetwork network, Tensor images, Tensor expected)
    {
        FormulaWeights.Fill(network);
        network.eval();
        Tensor found = network.Evaluate(images);
        Assert.Equal(expected.shape, found.shape);
        Assert.Equal([1, 3, network.Scale * images.shape[2], network.Scale * images.shape[3]], found.shape);
        Assert.InRange((found - expected).abs().max().item<float>(), 0, Tolerance);
        Assert.InRange(expected.std().item<float>(), 1e-3, double.MaxValue);
        Assert.True(found.Equals(network.Evaluate(images)));
    }
}
