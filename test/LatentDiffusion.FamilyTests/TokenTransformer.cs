using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.FamilyTests;

/// <summary>Attention over words and 2 × 2 patches of the latents together, with 2-D positions, time and guidance scale added.</summary>
internal sealed class TokenTransformer : nn.Module<Tensor, Tensor, Tensor, Tensor>, ITrainableDenoiser
{
    private readonly Linear patches, places, numbers, query, key, value, output;

    public TokenTransformer(TokenConfig config) : base(nameof(TokenTransformer))
    {
        (Config, int width, int patch) = (config, config.Width, 4 * config.Channels);
        (patches, places, numbers) = (nn.Linear(patch, width), nn.Linear(2, width), nn.Linear(2, width));
        (query, key, value, output) = (nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, patch));
        RegisterComponents();
    }

    public TokenConfig Config { get; }

    public string ComponentName => ComponentNames.Transformer;

    public nn.Module Network => this;

    public DenoiserDescription Description =>
        new() { LatentChannels = Config.Channels, PatchSize = 2, TextWidth = Config.Width, ReadsGuidanceScale = true };

    public Tensor Predict(DenoiserInput input)
    {
        using IDisposable noGradient = no_grad();
        return Forward(input);
    }

    public Tensor Forward(DenoiserInput input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor time = tensor(input.Timesteps.Select(t => (float)t / 1000).ToArray());
        Tensor scale = tensor(input.GuidanceScales!.Select(w => (float)w).ToArray());
        long[] batch = [input.Latents.shape[0]];
        Tensor numbers = stack([time.expand(batch), scale.expand(batch)], 1);
        return call(input.Latents, numbers, input.Conditioning.HiddenStates).MoveToOuterDisposeScope();
    }

    public override Tensor forward(Tensor latents, Tensor timeAndScale, Tensor words)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = latents.shape;
        (long batch, long channels, long rows, long columns) = (shape[0], shape[1], shape[2] / 2, shape[3] / 2);
        Tensor packed = latents.view(batch, channels, rows, 2, columns, 2).permute(0, 2, 4, 1, 3, 5).flatten(1, 2).flatten(2);
        Tensor place = stack([arange(rows).repeat_interleave(columns), arange(columns).repeat(rows)], 1).to(ScalarType.Float32);
        Tensor all = cat([words, patches.call(packed) + places.call(place) + numbers.call(timeAndScale).unsqueeze(1)], 1);
        Tensor attended = nn.functional.scaled_dot_product_attention(query.call(all), key.call(all), value.call(all));
        Tensor image = output.call(attended.narrow(1, words.shape[1], rows * columns)).view(batch, rows, columns, channels, 2, 2);
        return image.permute(0, 3, 1, 4, 2, 5).reshape(shape).MoveToOuterDisposeScope();
    }
}
