using System.Text.Json.Serialization;

namespace LatentDiffusion.Networks;

/// <summary>The contracts of the library's configurations. A new configuration is a line in each list.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(AsymmetricAutoencoderKLConfig))]
[JsonSerializable(typeof(AutoencoderKLConfig))]
[JsonSerializable(typeof(AutoencoderKLFlux2Config))]
[JsonSerializable(typeof(AutoencoderTinyConfig))]
[JsonSerializable(typeof(ChromaTransformerConfig))]
[JsonSerializable(typeof(ClipTextConfig))]
[JsonSerializable(typeof(ClipVisionConfig))]
[JsonSerializable(typeof(ConsistencyDecoderVAEConfig))]
[JsonSerializable(typeof(ControlNetConfig))]
[JsonSerializable(typeof(ControlNetUnionConfig))]
[JsonSerializable(typeof(Flux2TransformerConfig))]
[JsonSerializable(typeof(FluxTransformerConfig))]
[JsonSerializable(typeof(Qwen3Config))]
[JsonSerializable(typeof(RotaryConfig))]
[JsonSerializable(typeof(SD3TransformerConfig))]
[JsonSerializable(typeof(T2IAdapterConfig))]
[JsonSerializable(typeof(T5Config))]
[JsonSerializable(typeof(UNet2DConditionConfig))]
[JsonSerializable(typeof(VQConfig))]
[JsonSerializable(typeof(ZImageTransformerConfig))]
[JsonSerializable(typeof(PerBlock<bool>))]
[JsonSerializable(typeof(PerBlock<int>))]
[JsonSerializable(typeof(PerBlock<PerBlock<int>>))]
internal sealed partial class NetworkConfigJson : JsonSerializerContext
{
    /// <summary>Makes a configuration with the published defaults, by type.</summary>
    public static IReadOnlyDictionary<Type, Func<object>> Makers { get; } = new Dictionary<Type, Func<object>>
    {
        [typeof(AsymmetricAutoencoderKLConfig)] = () => new AsymmetricAutoencoderKLConfig(),
        [typeof(AutoencoderKLConfig)] = () => new AutoencoderKLConfig(),
        [typeof(AutoencoderKLFlux2Config)] = () => new AutoencoderKLFlux2Config(),
        [typeof(AutoencoderTinyConfig)] = () => new AutoencoderTinyConfig(),
        [typeof(ChromaTransformerConfig)] = () => new ChromaTransformerConfig(),
        [typeof(ClipTextConfig)] = () => new ClipTextConfig(),
        [typeof(ClipVisionConfig)] = () => new ClipVisionConfig(),
        [typeof(ConsistencyDecoderVAEConfig)] = () => new ConsistencyDecoderVAEConfig(),
        [typeof(ControlNetConfig)] = () => new ControlNetConfig(),
        [typeof(ControlNetUnionConfig)] = () => new ControlNetUnionConfig(),
        [typeof(Flux2TransformerConfig)] = () => new Flux2TransformerConfig(),
        [typeof(FluxTransformerConfig)] = () => new FluxTransformerConfig(),
        [typeof(Qwen3Config)] = () => new Qwen3Config(),
        [typeof(RotaryConfig)] = () => new RotaryConfig(),
        [typeof(SD3TransformerConfig)] = () => new SD3TransformerConfig(),
        [typeof(T2IAdapterConfig)] = () => new T2IAdapterConfig(),
        [typeof(T5Config)] = () => new T5Config(),
        [typeof(UNet2DConditionConfig)] = () => new UNet2DConditionConfig(),
        [typeof(VQConfig)] = () => new VQConfig(),
        [typeof(ZImageTransformerConfig)] = () => new ZImageTransformerConfig(),
    };
}
