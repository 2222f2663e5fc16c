using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

public sealed partial class UniPCScheduler
{
    private sealed class Run(UniPCScheduler owner, SamplingPlan plan, INoiseSource? noise, NoiseLevel[] levels)
        : SolverRun(plan, noise, levels, owner._order)
    {
        /// <summary>The sample that the latest step began with.</summary>
        private readonly TensorHistory _start = new(1);

        /// <summary>The order of the latest step.</summary>
        private int _order;

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            Tensor converted = owner._conversion.Apply(output, sample, Level(0));
            if (_start.Count > 0 && !owner._uncorrected.Contains(StepIndex - 1)) sample = Correct(converted);
            Outputs.Add(converted);
            _start.Add(sample.clone());

            int left = Timesteps.Count - StepIndex;
            _order = Math.Min(owner._order, DistinctOutputs);
            if (owner._lowerOrderFinal) _order = Math.Min(_order, left);
            if (Level(-1).Level == 0) _order = 1; // There λ is infinite, and differences over it vanish.
            return Predict(sample);
        }

        protected override void Forget()
        {
            base.Forget();
            _start.Clear();
        }

        private Tensor Predict(Tensor sample)
        {
            UniPCWeights weights = Weights(Level(0), Level(-1), Differences(0, Level(0), Level(-1)), corrector: false);
            return Sum(weights, sample, _order);
        }

        /// <summary>The latest step once more, now that the output at its end is known.</summary>
        private Tensor Correct(Tensor converted)
        {
            NoiseLevel from = Level(1), to = Level(0);
            UniPCWeights weights = Weights(from, to, Differences(1, from, to), corrector: true);
            return Sum(weights, _start[0], _order).AddInPlace(converted, weights.Newest);
        }

        /// <summary>The r_k = (λ_k − λ_from)/h of the older evaluations.</summary>
        private double[] Differences(int shift, NoiseLevel from, NoiseLevel to) =>
            [.. Enumerable.Range(1, _order - 1).Select(k => (Level(k + shift).Lambda - from.Lambda) / (to.Lambda - from.Lambda))];

        private UniPCWeights Weights(NoiseLevel from, NoiseLevel to, double[] ratios, bool corrector) =>
            UniPCWeights.Create(owner._conversion.ToClean, owner._secondB, from, to, ratios, corrector);

        private Tensor Sum(UniPCWeights weights, Tensor sample, int order)
        {
            (double, Tensor)[] terms = new (double, Tensor)[order + 1];
            terms[0] = (weights.Sample, sample);
            for (int i = 0; i < order; i++) terms[i + 1] = (weights.Outputs[i], Outputs[i]);
            return LinearCombination.Compute(terms);
        }
    }
}
