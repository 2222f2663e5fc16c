using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>
/// A denoiser under prompts that change from step to step or are composed. It takes marked conditionings and evaluates the denoiser with
/// those of the step. A composed prompt is predicted as ε_u + Σ w_i·(ε_i − ε_u) (Liu et al. 2022, equation 11), where ε_u is the
/// prediction for the negative prompt, so that every kind of guidance takes it for one prompt.
/// </summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="run">The scheduler's run, where it begins.</param>
/// <param name="images">The prompts of each image.</param>
internal sealed class PromptedRun(IDenoiser denoiser, ISchedulerRun run, IReadOnlyList<PassPrompts> images) : IDenoiserRun
{
    private readonly int _begin = run.StepIndex;

    public DenoiserDescription Description => denoiser.Description;

    public Tensor Predict(DenoiserInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (PromptRole.Of(input.Conditioning) is not { } roles) return denoiser.Predict(input);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        int step = PassPrompts.StepAt(run.StepIndex - _begin, run.Plan);
        Row[] rows = [.. roles.Select((role, i) => RowOf(i, role, step))];
        input.CancellationToken.ThrowIfCancellationRequested();
        Tensor first = denoiser.Predict(input with { Conditioning = JoinedConditioning.Create([.. rows.Select(r => r.Parts[0].Text)]) });
        return rows.All(r => r.IsPlain) ? first.MoveToOuterDisposeScope() : Compose(input, rows, first).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
    }

    private Row RowOf(int index, long role, int step)
    {
        // Guidance repeats the whole batch.
        PassPrompts image = images[index % images.Count];
        return new Row(index, role, role == PromptRole.Text ? image.TextsAt(step) : [(image.NegativeAt(step), 1)])
        {
            Unconditional = () => image.NegativeAt(step),
        };
    }

    private Tensor Compose(DenoiserInput input, Row[] rows, Tensor first)
    {
        // Variances are not noise, and stay those of the first text.
        long channels = input.Latents.shape[1];
        Row[] composed = [.. rows.Where(r => !r.IsPlain)];
        Tensor?[] sums = new Tensor?[rows.Length], unconditional = Unconditional();
        for (int part = 0; part < composed.Max(r => r.Parts.Count); part++)
        {
            int current = part;
            Row[] having = [.. composed.Where(r => r.Parts.Count > current)];
            Tensor[] predicted = part == 0
                ? [.. having.Select(row => first.narrow(0, row.Index, 1))]
                : Evaluate(input, rows, having, row => row.Parts[current].Text);
            foreach ((Row row, Tensor one) in having.Zip(predicted))
            {
                Tensor change = (unconditional[row.Index] is { } without ? one - without : one).Multiply(row.Parts[part].Weight);
                sums[row.Index] = sums[row.Index] is { } sum ? sum.Add(change) : change;
            }
        }

        return cat([.. rows.Select(row => row.IsPlain ? first.narrow(0, row.Index, 1) : Result(row))]);

        Tensor Result(Row row)
        {
            Tensor sum = sums[row.Index]!, whole = first.narrow(0, row.Index, 1);
            Tensor result = unconditional[row.Index] is { } without ? without.Add(sum) : sum;
            long all = whole.shape[1];
            return all == channels ? result : cat([result.narrow(1, 0, channels), whole.narrow(1, channels, all - channels)], 1);
        }

        // That of guidance, where it evaluates both in one batch.
        Tensor?[] Unconditional()
        {
            var found = new Tensor?[rows.Length];
            var missing = new List<Row>();
            foreach (Row row in composed.Where(r => r.Parts.Sum(p => p.Weight) != 1))
            {
                Row? negative = rows.FirstOrDefault(
                    r => r.Role == PromptRole.Negative && r.Index % images.Count == row.Index % images.Count);
                if (negative is null) missing.Add(row);
                else found[row.Index] = first.narrow(0, negative.Index, 1);
            }

            if (missing.Count == 0) return found;
            Tensor[] predicted = Evaluate(input, rows, missing, row => row.Unconditional());
            foreach ((Row row, Tensor one) in missing.Zip(predicted)) found[row.Index] = one;
            return found;
        }
    }

    /// <summary>Predictions of some rows for another text, each of one sample.</summary>
    private Tensor[] Evaluate(DenoiserInput input, Row[] rows, IReadOnlyList<Row> changed, Func<Row, Conditioning> text)
    {
        input.CancellationToken.ThrowIfCancellationRequested();
        // All images of a batch, for features repeat what they have of each as often as guidance repeats the batch.
        Row[] evaluated = [.. rows.Where(r => changed.Any(c => c.Index / images.Count == r.Index / images.Count))];
        DenoiserInput some = InputRows.Select(input, [.. evaluated.Select(r => (long)r.Index)]);
        Tensor predicted = denoiser.Predict(some with
        {
            Conditioning = JoinedConditioning.Create([.. evaluated.Select(r => changed.Contains(r) ? text(r) : r.Parts[0].Text)]),
        });
        return [.. changed.Select(r => predicted.narrow(0, Array.IndexOf(evaluated, r), 1))];
    }

    /// <summary>A row of the batch.</summary>
    /// <param name="Index">Which.</param>
    /// <param name="Role">The prompt that it is of.</param>
    /// <param name="Parts">Its texts with their weights.</param>
    private sealed record Row(int Index, long Role, IReadOnlyList<(Conditioning Text, double Weight)> Parts)
    {
        /// <summary>The negative prompt of its image.</summary>
        public required Func<Conditioning> Unconditional { get; init; }

        /// <summary>Whether it is one text.</summary>
        public bool IsPlain { get; } = Parts is [(_, 1)];
    }
}
