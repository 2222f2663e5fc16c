using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

public sealed partial class DpmSolverSinglestepScheduler
{
    private sealed class Run(
        DpmSolverSinglestepScheduler owner, SamplingPlan plan, INoiseSource? noise, NoiseLevel[] levels, int[] orders)
        : SolverRun(plan, noise, levels, owner._solver.Order)
    {
        private readonly DpmSolverOptions _solver = owner._solver;
        private readonly TensorHistory _start = new(1);

        protected override bool TakesLearnedVariance => owner._learnedVariance;

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            Outputs.Add(owner._conversion.Apply(MeanOf(output, sample), sample, Level(0)));

            // A run that begins within a group has no sample from its start.
            int order = Math.Min(orders[StepIndex], Outputs.Count);
            if (order == 1) _start.Add(sample.clone());

            // The step leads from the start of the group; levels that coincide there carry no difference.
            NoiseLevel from = Level(order - 1);
            DpmSolverWeights weights = DpmSolverWeights.Create(_solver.Algorithm, from, Level(-1));
            double h = Level(-1).Lambda - from.Lambda;
            double r0 = (Level(0).Lambda - from.Lambda) / h, r1 = order == 3 ? (Level(1).Lambda - from.Lambda) / h : 0;
            Tensor next = order == 3 && r1 != 0 && r1 != r0 ? Third(weights, r0, r1)
                : order > 1 && h != 0 && r0 != 0 ? Second(weights, order - 1, r0)
                : LinearCombination.Compute((weights.Sample, _start[0]), (weights.D0, Outputs[order - 1]));
            return _solver.Stochastic ? next.AddInPlace(NextNoise(sample), weights.Noise) : next;
        }

        protected override void Forget()
        {
            base.Forget();
            _start.Clear();
        }

        private Tensor Second(DpmSolverWeights weights, int back, double r0)
        {
            double d1 = (_solver.Heun ? weights.D1 : weights.MidpointD1) / r0;
            return LinearCombination.Compute((weights.Sample, _start[0]), (weights.D0 - d1, Outputs[back]), (d1, Outputs[0]));
        }

        private Tensor Third(DpmSolverWeights weights, double r0, double r1)
        {
            double newer, older;
            if (_solver.Heun)
            {
                // D_1 = (r_0·d_1 − r_1·d_0)/(r_0 − r_1), D_2 = 2(d_0 − d_1)/(r_0 − r_1) with d_i = (m_i − m_2)/r_i.
                newer = (-r1 * weights.D1 + 2 * weights.D2) / ((r0 - r1) * r0);
                older = (r0 * weights.D1 - 2 * weights.D2) / ((r0 - r1) * r1);
            }
            else
            {
                newer = weights.D1 / r0;
                older = 0;
            }

            return LinearCombination.Compute(
                (weights.Sample, _start[0]),
                (weights.D0 - newer - older, Outputs[2]),
                (older, Outputs[1]),
                (newer, Outputs[0]));
        }
    }
}
