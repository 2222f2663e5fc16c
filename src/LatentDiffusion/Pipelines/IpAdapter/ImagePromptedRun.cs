using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A denoiser that attends to image prompts, for one run of a scheduler: which act depends on where the run stands.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="inputs">One of each adapter.</param>
/// <param name="run">The scheduler's run, where it begins.</param>
internal sealed class ImagePromptedRun(IDenoiser denoiser, IReadOnlyList<IpAdapterInput> inputs, ISchedulerRun run) : IDenoiserRun
{
    private readonly int _begin = run.StepIndex;
    private readonly ImageTokenCache _cache = new();

    public DenoiserDescription Description => denoiser.Description;

    public Tensor Predict(DenoiserInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (int evaluation, int evaluations) = (run.StepIndex - _begin, run.Timesteps.Count - _begin);
        Tensor?[] tokens =
        [
            .. inputs.Select((one, i) => one.Acts(evaluation, evaluations)
                ? input.Conditioning.Additional.GetValueOrDefault(IpAdapterPass.NameOf(i)) : null),
        ];
        AttentionEdits? edits = input.AttentionEdits;
        if (tokens.Any(one => one is not null))
            edits = Joined(edits ?? new AttentionEdits(), _cache.GetOrAdd(tokens, () => Added(tokens)));
        // The network does not read the tokens themselves.
        DenoiserInput changed = input with { Conditioning = WithoutTokens(input.Conditioning), AttentionEdits = edits };
        return denoiser.Predict(changed).MoveToOuterDisposeScope();
    }

    public void Dispose() => _cache.Dispose();

    private Dictionary<string, IReadOnlyList<AddedContext>> Added(IReadOnlyList<Tensor?> tokens) => inputs
        .SelectMany((input, i) => tokens[i] is { } given ? input.Added(given) : [])
        .GroupBy(added => added.Layer)
        .ToDictionary(layer => layer.Key, IReadOnlyList<AddedContext> (layer) => [.. layer.Select(l => l.Added)]);

    private static AttentionEdits Joined(AttentionEdits edits, IReadOnlyDictionary<string, IReadOnlyList<AddedContext>> added)
    {
        // The same object where nothing else adds to attention, by which step caching knows it again.
        if (edits.AddedContext.Count == 0) return edits with { AddedContext = added };
        return edits with
        {
            AddedContext = edits.AddedContext.Concat(added).GroupBy(layer => layer.Key)
                .ToDictionary(layer => layer.Key, IReadOnlyList<AddedContext> (layer) => [.. layer.SelectMany(l => l.Value)]),
        };
    }

    private Conditioning WithoutTokens(Conditioning conditioning) => new(
        conditioning.HiddenStates, conditioning.Pooled, conditioning.Mask,
        conditioning.Additional.Where(a => !inputs.Select((_, i) => IpAdapterPass.NameOf(i)).Contains(a.Key)).ToDictionary());
}
