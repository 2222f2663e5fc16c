using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Convolutions by transformed kernels give the values of the plain operator.</summary>
public sealed class WinogradTests : IDisposable
{
    private const double Tolerance = 1e-5;

    private readonly Convolution _network = new();

    public WinogradTests()
    {
        Assert.SkipUnless(CpuOperators.IsAvailable, "This libtorch has no operators for packed weights.");
        InferenceForm.IsEnabled = true;
        FormulaWeights.Fill(_network);
        _network.eval();
    }

    public void Dispose() => _network.Dispose();

    // One part; parts of rows, of which the last overlaps; parts of samples, of which the last overlaps; rows longer than a part needs.
    [Theory, InlineData(1, 16, 16), InlineData(1, 50, 44), InlineData(5, 18, 22), InlineData(1, 4, 640)]
    public void Values_are_those_of_the_plain_operator(long batch, long height, long width)
    {
        float[] plain = Evaluate(batch, height, width, isPlain: true), found = Evaluate(batch, height, width);
        Assert.True(WinogradConvolution.Suits([112, 96, 3, 3], [batch, 96, height, width]));
        Assert.InRange(SmallUNet.Difference(plain, found), double.Epsilon, Tolerance);
        Assert.Equal(found, Evaluate(batch, height, width));
    }

    [Fact]
    public void Samples_of_a_batch_are_independent()
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using NetworkUse weights = NetworkUse.ToEvaluate(_network);
        Tensor map = FormulaWeights.Input("map", [3, 96, 24, 24]);
        Tensor together = _network.call(map);
        Tensor single = cat([.. Enumerable.Range(0, 3).Select(i => _network.call(map.narrow(0, i, 1)))]);
        Assert.InRange((together - single).abs().max().item<float>(), 0, Tolerance);
    }

    [Fact]
    public void Sizes_may_change()
    {
        float[] large = Evaluate(1, 16, 16), odd = Evaluate(1, 17, 16), small = Evaluate(1, 8, 8);
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(odd, Evaluate(1, 17, 16));
            Assert.Equal(small, Evaluate(1, 8, 8));
            Assert.Equal(large, Evaluate(1, 16, 16));
        }

        Assert.InRange(SmallUNet.Difference(Evaluate(1, 8, 8, isPlain: true), small), 0, Tolerance);
        Assert.InRange(SmallUNet.Difference(Evaluate(1, 17, 16, isPlain: true), odd), 0, Tolerance);
    }

    [Theory, InlineData(8, 16), InlineData(16, 8)]
    public void Parameters_stay(long first, long second)
    {
        string before = ContentHash.Compute(_network);
        Evaluate(1, first, first);
        Evaluate(1, second, second);
        using (NetworkUse.ToRead(_network)) Assert.Equal(before, ContentHash.Compute(_network));
        Evaluate(1, first, first);
        Assert.Equal(before, ContentHash.Compute(_network));
    }

    [Fact]
    public void Written_weights_are_used()
    {
        Evaluate(1, 16, 16);
        using (no_grad()) _network.named_parameters().Single(p => p.name == "conv.weight").parameter.MultiplyInPlace(2);
        float[] found = Evaluate(1, 16, 16);
        Assert.InRange(SmallUNet.Difference(Evaluate(1, 16, 16, isPlain: true), found), double.Epsilon, 2 * Tolerance);
    }

    [Theory, InlineData(96, 96), InlineData(96, 112)]
    public void Block_and_layers_give_the_same_bytes(long inChannels, long outChannels)
    {
        using var block = new ResnetBlock2D(
            LayerFactory.Random, inChannels, outChannels, new ResnetOptions(24, 8, 1e-5, "silu", ScaleShift: false, Dropout: 0));
        FormulaWeights.Fill(block);
        block.eval();
        float[] joined = Evaluate();
        var first = (nn.Module<Tensor, Tensor>)block.named_modules().Single(m => m.name == "conv1").module;
        first.register_forward_hook((_, _, output) => output);
        Assert.Equal(joined, Evaluate());

        float[] Evaluate()
        {
            using IDisposable noGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using NetworkUse weights = NetworkUse.ToEvaluate(block);
            Tensor map = FormulaWeights.Input("map", [2, inChannels, 16, 16]), time = FormulaWeights.Input("time", [1, 24]);
            return block.call(map, new TimeContext(time)).contiguous().data<float>().ToArray();
        }
    }

    // Large weights only where maps are larger, and weights of more than 16 MB nowhere.
    [Theory]
    [InlineData(128, 128, 16, true), InlineData(128, 128, 14, false), InlineData(64, 128, 16, false), InlineData(100, 128, 16, false)]
    [InlineData(320, 960, 32, true), InlineData(512, 512, 32, false), InlineData(512, 512, 64, true), InlineData(640, 1280, 64, false)]
    public void Maps_are_large_enough_for_the_weight(long outChannels, long inChannels, long side, bool expected)
    {
        long[] weight = [outChannels, inChannels, 3, 3], map = [1, inChannels, side, side];
        Assert.Equal(expected, WinogradConvolution.Suits(weight) && WinogradConvolution.Suits(weight, map));
    }

    private float[] Evaluate(long batch, long height, long width, bool isPlain = false)
    {
        InferenceForm.IsEnabled = !isPlain;
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using NetworkUse weights = NetworkUse.ToEvaluate(_network);
        return _network.call(FormulaWeights.Input("map", [batch, 96, height, width])).contiguous().data<float>().ToArray();
    }

    /// <summary>A network with one layer.</summary>
    private sealed class Convolution : nn.Module<Tensor, Tensor>
    {
        private readonly Conv2dLayer _conv = LayerFactory.Random.Conv2d(96, 112, 3, padding: 1);

        public Convolution() : base(nameof(Convolution)) => register_module("conv", _conv);

        public override Tensor forward(Tensor input) => _conv.call(input);
    }
}
