using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

public sealed partial class PndmScheduler
{
    private sealed class Run(PndmScheduler owner, SamplingPlan plan, INoiseSource? noise)
        : DiscreteRun(plan, noise, owner.Process)
    {
        private readonly int _stride = owner.TrainingTimesteps / plan.Options.Steps;
        private readonly int _rungeKuttaEvaluations = owner._skipRungeKutta ? 0 : 4 * RungeKuttaSteps;
        private readonly TensorHistory _outputs = new(4);
        private readonly TensorHistory _start = new(1);
        private readonly TensorHistory _slopes = new(1);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            int evaluation = StepIndex - Plan.BeginIndex;
            return evaluation < _rungeKuttaEvaluations
                ? RungeKutta(output, sample, evaluation)
                : Multistep(output, sample, evaluation);
        }

        protected override void Forget()
        {
            _outputs.Dispose();
            _start.Dispose();
            _slopes.Dispose();
        }

        /// <summary>The four stages of equation 13, each from the step's first sample.</summary>
        private Tensor RungeKutta(Tensor output, Tensor sample, int evaluation)
        {
            int stage = evaluation % 4, half = stage % 2 == 0 ? _stride / 2 : 0;
            int from = (int)Timesteps[evaluation - stage], to = (int)Timestep - half;
            if (stage == 0)
            {
                _outputs.Add(output.clone());
                _start.Add(sample.clone());
                _slopes.Add(output.Divide(6));
                return Transfer(_start[0], output, from, to);
            }

            if (stage < 3)
            {
                _slopes.Add(_slopes[0].Add(output, 1.0 / 3));
                return Transfer(_start[0], output, from, to);
            }

            return Transfer(_start[0], _slopes[0].Add(output, 1.0 / 6), from, to);
        }

        /// <summary>A linear multistep step over the remembered outputs (equation 12).</summary>
        private Tensor Multistep(Tensor output, Tensor sample, int evaluation)
        {
            int from = (int)Timestep, to = from - _stride;
            if (evaluation == 1)
            {
                // The second evaluation improves the first step: a trapezoid from the same start.
                Tensor mean = LinearCombination.Compute((0.5, output), (0.5, _outputs[0]));
                Tensor improved = Transfer(_start[0], mean, from + _stride, from);
                _start.Clear();
                return improved;
            }

            _outputs.Add(output.clone());
            if (evaluation == 0) _start.Add(sample.clone());
            return Transfer(sample, AdamsBashforth.Combine(_outputs), from, to);
        }

        /// <summary>The transfer φ of equation 9: along a predicted ε from one timestep to another.</summary>
        private Tensor Transfer(Tensor sample, Tensor output, int from, int to)
        {
            double alphaBar = AlphaBar(from), target = to >= 0 ? AlphaBar(to) : owner._finalAlphaBar;
            Tensor noise = Noise(output, sample, NoiseLevel.FromAlphaBar(alphaBar));
            double denominator = alphaBar * Math.Sqrt(1 - target) + Math.Sqrt(alphaBar * (1 - alphaBar) * target);
            return LinearCombination.Compute((Math.Sqrt(target / alphaBar), sample), (-(target - alphaBar) / denominator, noise));
        }
    }
}
