using LatentDiffusion.Tests.Reference;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Networks with packed weights: their values, their parameters, and the way from one form to the other.</summary>
public sealed class InferenceFormTests : IDisposable
{
    private const string Query = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight";
    private const double Tolerance = SmallUNet.Tolerance;

    private readonly UNet2DConditionModel _network = Make();

    public InferenceFormTests()
    {
        Assert.SkipUnless(CpuOperators.IsAvailable, "This libtorch has no operators for packed weights.");
        InferenceForm.IsEnabled = true;
    }

    public void Dispose() => _network.Dispose();

    [Fact]
    public void Operators_are_there_where_oneDNN_is() =>
        Assert.True(CpuOperators.IsAvailable || !OperatingSystem.IsLinux() || !System.Runtime.Intrinsics.X86.X86Base.IsSupported);

    // 17 pixels are halved to 9, which are enlarged to 17 and not doubled.
    [Theory, InlineData(16), InlineData(17), InlineData(2), InlineData(1)]
    public void Values_are_those_of_the_plain_form(long side)
    {
        float[] plain = Plain(_network, side), packed = Evaluate(_network, side);
        Assert.True(IsPacked(_network));
        Assert.InRange(Difference(plain, packed), double.Epsilon, Tolerance);
    }

    [Theory, InlineData(1, 4, 6), InlineData(3, 5, 5)]
    public void Convolution_of_a_doubled_map_needs_no_doubled_map(long batch, long height, long width)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = FormulaWeights.Input("weight", [8, 16, 3, 3]), bias = FormulaWeights.Input("bias", [8]);
        Tensor map = CpuOperators.ToChannelsLast(FormulaWeights.Input("map", [batch, 16, height, width]));
        Tensor doubled = nn.functional.interpolate(map, [2 * height, 2 * width], mode: InterpolationMode.Nearest);
        Tensor expected = nn.functional.conv2d(doubled, weight, bias, [1, 1], [1, 1]);
        Assert.True(DoublingPhases.Save(height, width));
        Tensor found = DoublingPhases.Convolve(map, DoublingPhases.Pack(weight, map), bias);
        Assert.Equal(expected.shape, found.shape);
        Assert.InRange((found - expected).abs().max().item<float>(), 0, 1e-4);
    }

    [Fact]
    public void Each_evaluation_gives_the_same_bytes()
    {
        float[] first = Evaluate(_network, side: 16);
        foreach (long side in new long[] { 8, 8, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16 })
        {
            float[] again = Evaluate(_network, side);
            if (side == 16) Assert.Equal(first, again);
            else Assert.InRange(Difference(Plain(Make(), side), again), 0, Tolerance);
        }
    }

    [Fact]
    public void Parameters_return_bit_for_bit()
    {
        string before = KeyOf(_network);
        Evaluate(_network, side: 16);
        Assert.True(IsPacked(_network));
        Assert.Equal(before, KeyOf(_network));
        Assert.False(IsPacked(_network));
        Evaluate(_network, side: 16);
        Assert.Equal(before, ContentHash.Compute(_network));
    }

    [Fact]
    public void Saving_writes_the_parameters()
    {
        using var folder = new TemporaryFolder();
        string plain = folder["plain.safetensors"], packed = folder["packed.safetensors"];
        StateDict.Save(_network, plain);
        Evaluate(_network, side: 16);
        StateDict.Save(_network, packed);
        Assert.Equal(File.ReadAllBytes(plain), File.ReadAllBytes(packed));
    }

    [Fact]
    public void Changed_weights_change_the_values()
    {
        float[] before = Evaluate(_network, side: 16);
        Parameter parameter = Find(_network, Query);
        using Tensor original = parameter.detach().clone();
        Evaluate(_network, side: 16);
        NetworkUse.Change([_network], () => Fill(parameter, 0.25));
        float[] changed = Evaluate(_network, side: 16);
        Assert.InRange(Difference(before, changed), 1e-4, 10);
        Assert.InRange(Difference(Plain(_network, 16), changed), 0, Tolerance);
        Evaluate(_network, side: 16);
        NetworkUse.Change([_network], () => Copy(parameter, original));
        Assert.Equal(before, Evaluate(_network, side: 16));
    }

    [Fact]
    public void Gradients_after_inference_are_those_without_it()
    {
        using UNet2DConditionModel other = Make();
        Evaluate(_network, side: 16);
        Assert.Equal(Gradient(other), Gradient(_network));
        Assert.False(IsPacked(_network));
    }

    [Fact]
    public void Networks_that_train_stay_plain()
    {
        Evaluate(_network, side: 16);
        using (new FlatParameters(new Dictionary<string, nn.Module> { ["unet"] = _network }))
        {
            Assert.False(IsPacked(_network));
            Evaluate(_network, side: 16);
            Assert.False(IsPacked(_network));
        }

        Evaluate(_network, side: 16);
        Assert.True(IsPacked(_network));
    }

    [Fact]
    public void Backward_may_come_after_an_evaluation()
    {
        using UNet2DConditionModel other = Make();
        using DisposeScope scope = NewDisposeScope();
        Tensor loss = _network.call(Input(16)).square().sum();
        Evaluate(_network, side: 16);
        loss.backward();
        using NetworkUse weights = NetworkUse.ToRead(_network);
        Assert.Equal(Gradient(other), Find(_network, Query).grad!.data<float>().ToArray());
    }

    [Fact]
    public void Moving_and_converting_take_the_values()
    {
        using UNet2DConditionModel other = Make();
        Evaluate(_network, side: 16);
        _network.to(ScalarType.Float64);
        other.to(ScalarType.Float64);
        Assert.Equal(ContentHash.Compute(other), ContentHash.Compute(_network));
    }

    [Fact]
    public async Task Concurrent_evaluations_give_the_same_bytes()
    {
        float[] large = Evaluate(_network, side: 16), small = Evaluate(_network, side: 8);
        string hash = ContentHash.Compute(_network);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() =>
        {
            for (int n = 0; n < 8; n++)
            {
                if (i == 5) Assert.Equal(hash, KeyOf(_network));
                else Assert.Equal(i % 2 == 0 ? large : small, Evaluate(_network, i % 2 == 0 ? 16 : 8));
            }
        })));
    }

    [Fact]
    public void The_form_does_not_change_the_number_of_live_tensors()
    {
        Evaluate(_network, side: 16);
        using UNet2DConditionModel other = Make();
        long plain = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Evaluate(other, side: 16);
        Assert.True(IsPacked(other));
        Assert.Equal(plain, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        using (NetworkUse.ToChange(other)) Assert.Equal(plain, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Nothing_remains_of_a_disposed_network()
    {
        Evaluate(_network, side: 16);
        using DisposeScope scope = NewDisposeScope();
        using (UNet2DConditionModel other = Make())
        {
            Evaluate(other, side: 16);
            Evaluate(other, side: 16);
            long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            Evaluate(other, side: 16);
            Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        UNet2DConditionModel last = Make();
        Evaluate(last, side: 16);
        last.Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static UNet2DConditionModel Make() => new SmallUNet().Network;

    private static UNetInput Input(long side) => SmallUNet.Input(side);

    private static float[] Evaluate(UNet2DConditionModel network, long side)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return network.call(Input(side)).contiguous().data<float>().ToArray();
    }

    private static float[] Plain(UNet2DConditionModel network, long side)
    {
        network.train();
        float[] values = Evaluate(network, side);
        network.eval();
        return values;
    }

    private static float[] Gradient(UNet2DConditionModel network)
    {
        using DisposeScope scope = NewDisposeScope();
        network.call(Input(16)).square().sum().backward();
        return Find(network, Query).grad!.data<float>().ToArray();
    }

    private static Parameter Find(UNet2DConditionModel network, string name) =>
        network.named_parameters().Single(p => p.name == name).parameter;

    private static string KeyOf(UNet2DConditionModel network)
    {
        using NetworkUse weights = NetworkUse.ToRead(network);
        return ContentHash.Compute(network);
    }

    private static bool IsPacked(UNet2DConditionModel network) => network.modules().OfType<PackedLayer>().First().Network!.IsInferenceForm;

    private static double Difference(float[] one, float[] other) => one.Zip(other, (a, b) => (double)Math.Abs(a - b)).Max();

    private static void Fill(Parameter parameter, double value)
    {
        using IDisposable noGradient = no_grad();
        parameter.FillInPlace(value);
    }

    private static void Copy(Parameter parameter, Tensor values)
    {
        using IDisposable noGradient = no_grad();
        parameter.copy_(values);
    }
}
