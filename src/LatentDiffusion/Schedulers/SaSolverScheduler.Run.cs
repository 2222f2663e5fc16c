using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

public sealed partial class SaSolverScheduler
{
    private sealed class Run(SaSolverScheduler owner, SamplingPlan plan, INoiseSource? noise, NoiseLevel[] levels)
        : SolverRun(plan, noise, levels, Math.Max(owner._predictorOrder, owner._correctorOrder))
    {
        /// <summary>The sample that the latest step began with, and the noise that it added.</summary>
        private readonly TensorHistory _start = new(1), _noise = new(1);

        protected override bool TakesLearnedVariance => owner._learnedVariance;

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            Tensor converted = owner._conversion.Apply(MeanOf(output, sample), sample, Level(0));
            Outputs.Add(converted);
            int left = Timesteps.Count - StepIndex;
            if (_start.Count > 0)
            {
                int corrector = Order(owner._correctorOrder, left + 2);
                sample = Sum(Tau(Timesteps[StepIndex - 1]), Level(1), Level(0), corrector, _start[0], _noise[0]);
            }

            // Drawn at every step, so that a seed gives the same image as published.
            _noise.Add(NextNoise(sample));
            _start.Add(sample.clone());
            return Sum(Tau(Timestep), Level(0), Level(-1), Order(owner._predictorOrder, left), sample, _noise[0]);
        }

        protected override void Forget()
        {
            base.Forget();
            _start.Clear();
            _noise.Clear();
        }

        private int Order(int most, int final)
        {
            int order = Math.Min(most, DistinctOutputs);
            return owner._lowerOrderFinal ? Math.Min(order, final) : order;
        }

        /// <summary>A step between two levels, from the latest outputs.</summary>
        private Tensor Sum(double tau, NoiseLevel from, NoiseLevel to, int order, Tensor sample, Tensor noise)
        {
            NoiseLevel[] nodes = [.. Enumerable.Range(0, order).Select(Level)];
            SaSolverWeights weights = SaSolverWeights.Create(owner._conversion.ToClean, tau, from, to, nodes);
            (double, Tensor)[] terms = new (double, Tensor)[order + 2];
            (terms[0], terms[1]) = ((weights.Sample, sample), (weights.Noise, noise));
            for (int i = 0; i < order; i++) terms[i + 2] = (weights.Outputs[i], Outputs[i]);
            return LinearCombination.Compute(terms);
        }
    }
}
