using static TorchSharp.torch;

namespace LatentDiffusion.FamilyTests;

/// <summary>A family that the library does not have.</summary>
internal sealed class TokenFamily : ModelFamily
{
    public override string Name => "Token";

    public override IReadOnlyList<string> PipelineClasses => ["TokenPipeline"];

    public override IReadOnlyList<ComponentDescription> Components =>
    [
        new(ComponentNames.Transformer, typeof(TokenTransformer)) { IsRequired = true },
        new(ComponentNames.TextEncoder, typeof(WordEncoder)) { IsRequired = true },
        new(ComponentNames.Autoencoder, typeof(AutoencoderTiny)) { IsRequired = true },
    ];

    public override IReadOnlyList<ComponentType> ComponentTypes =>
    [
        ComponentType.Network<TokenTransformer, TokenConfig>(nameof(TokenTransformer), config => new(config), network => network.Config),
        ComponentType.Network<WordEncoder, TokenConfig>(nameof(WordEncoder), config => new(config), network => network.Config),
    ];

    public override IReadOnlyList<LoraComponent> LoraComponents => [new(ComponentNames.Transformer) { TrainedLayers = ["query", "value"] }];

    public override DiffusionModel CreateModel(ModelComponents components, Device device) => new(
        components.Get<TokenTransformer>(ComponentNames.Transformer), components.Get<WordEncoder>(ComponentNames.TextEncoder),
        new LatentAutoencoder(components.Get<AutoencoderTiny>(ComponentNames.Autoencoder)), components.Scheduler, sampleSize: 8, device)
    {
        Guidance = new EmbeddedGuidance(), GuidanceScale = 3.5, Steps = 3,
    };

    public override TrainableModel CreateTrainable(ModelComponents components) => new()
    {
        Denoiser = components.Get<TokenTransformer>(ComponentNames.Transformer),
        Autoencoder = new LatentAutoencoder(components.Get<AutoencoderTiny>(ComponentNames.Autoencoder)),
    };
}

/// <summary>Channels of the latents and width of the tokens.</summary>
internal sealed record TokenConfig(int Channels = 4, int Width = 16) : NetworkConfig;
