using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>A class of the reference files: how it is built, and how a case evaluates it.</summary>
/// <param name="Build">Makes an uninitialized network of a configuration on a device.</param>
/// <param name="Evaluate">The outputs for a case's inputs.</param>
internal sealed record ReferenceTransformer(
    Func<string, Device?, nn.Module> Build, Func<nn.Module, JsonNode, IReadOnlyList<Tensor>> Evaluate)
{
    /// <summary>The classes that the library has, by their published names.</summary>
    public static IReadOnlyDictionary<string, ReferenceTransformer> All { get; } = new Dictionary<string, ReferenceTransformer>
    {
        [nameof(FluxTransformer2DModel)] = new(
            (config, device) => FluxTransformerConfig.FromJson(config).BuildUninitialized(device),
            (network, inputs) => [((FluxTransformer2DModel)network).call(TokensOf(inputs))]),
        [nameof(Flux2Transformer2DModel)] = new(
            (config, device) => Flux2TransformerConfig.FromJson(config).BuildUninitialized(device),
            (network, inputs) => [((Flux2Transformer2DModel)network).call(TokensOf(inputs))]),
        [nameof(ChromaTransformer2DModel)] = new(
            (config, device) => ChromaTransformerConfig.FromJson(config).BuildUninitialized(device),
            (network, inputs) => [((ChromaTransformer2DModel)network).call(TokensOf(inputs))]),
        [nameof(ZImageTransformer2DModel)] = new(
            (config, device) => ZImageTransformerConfig.FromJson(config).BuildUninitialized(device),
            (network, inputs) => ((ZImageTransformer2DModel)network).call(
                new ZImageInput(Inputs(inputs, "samples"), Numbers(inputs["timestep"]!), Inputs(inputs, "captions")))),
        // Only a network that is built at random computes its table of positions.
        [nameof(SD3Transformer2DModel)] = new(
            (config, device) => SD3TransformerConfig.FromJson(config) is var read && device is null
                ? read.Build()
                : read.BuildUninitialized(device),
            (network, inputs) => [((SD3Transformer2DModel)network).call(new SD3TransformerInput(
                Input(inputs, "sample"), Numbers(inputs["timestep"]!), Input(inputs, "context"), Input(inputs, "pooled")))]),
    };

    /// <summary>Published classes that the library does not have.</summary>
    public static IReadOnlyList<string> Absent { get; } =
        ["PixArtTransformer2DModel", "QwenImageTransformer2DModel", "SanaTransformer2DModel"];

    /// <summary>A named input.</summary>
    public static Tensor Input(JsonNode inputs, string name) =>
        FormulaWeights.Input((string)inputs[name]!, inputs[$"{name}_shape"]!.Deserialize<long[]>()!);

    /// <summary>Numbers, or rows of numbers.</summary>
    public static Tensor Numbers(JsonNode values) => values.AsArray() is [JsonArray, ..]
        ? stack([.. values.AsArray().Select(row => Numbers(row!))])
        : tensor(values.Deserialize<float[]>()!);

    private static IReadOnlyList<Tensor> Inputs(JsonNode inputs, string name) =>
        [.. inputs[name]!.AsArray().Zip(inputs[$"{name}_shape"]!.AsArray(), (input, shape) =>
            FormulaWeights.Input((string)input!, shape!.Deserialize<long[]>()!))];

    private static TransformerInput TokensOf(JsonNode inputs)
    {
        Tensor tokens = Input(inputs, "tokens");
        return new TransformerInput(tokens, Numbers(inputs["timestep"]!), Input(inputs, "context"), Grid(inputs["grid"]!))
        {
            References = [.. inputs["references"]?.AsArray().Select(grid => Grid(grid!)) ?? []],
            Pooled = inputs["pooled"] is null ? null : Input(inputs, "pooled"),
            Mask = inputs["mask"] is { } mask ? Numbers(mask) : null,
            Guidance = inputs["guidance"] is { } guidance ? tensor((float)guidance).expand(tokens.shape[0]) : null,
        };
    }

    private static TokenGrid Grid(JsonNode grid) => new((long)grid[0]!, (long)grid[1]!);
}
