using LatentDiffusion.Tests.Reference;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>A U-Net with every kind of layer that is packed.</summary>
internal sealed class SmallUNet : IDisposable
{
    /// <summary>The largest difference between the values of two forms.</summary>
    public const double Tolerance = 1e-5;

    /// <summary>
    /// A convolution, one that adds, one of a doubled map, a linear layer, one that adds and one with gates.
    /// </summary>
    public static IReadOnlyList<string> PackedLayers { get; } =
    [
        "conv_in",
        "down_blocks.0.resnets.0.conv2",
        "up_blocks.0.upsamplers.0.conv",
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0",
        "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj",
    ];

    public SmallUNet()
    {
        FormulaWeights.Fill(Network);
        Network.eval();
    }

    public UNet2DConditionModel Network { get; } = new UNet2DConditionConfig
    {
        BlockOutChannels = [32, 64],
        DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"],
        UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        NormNumGroups = 8, CrossAttentionDim = 24, AttentionHeadDim = 4, LayersPerBlock = 1,
    }.Build();

    /// <summary>Whether the network is in the inference form.</summary>
    public bool IsPacked => Network.modules().OfType<PackedLayer>().First().Network!.IsInferenceForm;

    /// <summary>A parameter, as anybody takes it.</summary>
    public Parameter Parameter(string name) => Network.named_parameters().Single(p => p.name == name).parameter;

    /// <summary>A layer.</summary>
    public nn.Module Module(string name) => Network.named_modules().Single(m => m.name == name).module;

    public float[] Evaluate()
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return Network.call(Input()).contiguous().data<float>().ToArray();
    }

    /// <summary>Evaluates in the plain form, in which networks train.</summary>
    public float[] EvaluatePlain()
    {
        Network.train();
        float[] values = Evaluate();
        Network.eval();
        return values;
    }

    public static UNetInput Input(long side = 16) =>
        new(FormulaWeights.Input("sample", [2, 4, side, side]), tensor(new[] { 10L }), FormulaWeights.Input("context", [2, 5, 24]));

    public static double Difference(float[] one, float[] other) => one.Zip(other, (a, b) => (double)Math.Abs(a - b)).Max();

    public void Dispose() => Network.Dispose();
}
