using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A function of tensors whose intermediate results are not kept for the backward pass but computed again in it, from
/// its inputs (Chen et al. 2016). Gradients reach the inputs, and the parameters that the function uses.
/// </summary>
internal sealed class GradientCheckpoint : autograd.SingleTensorFunction<GradientCheckpoint>
{
    private const string Function = "function";

    public override string Name => nameof(GradientCheckpoint);

    /// <summary>Evaluates a function.</summary>
    /// <param name="function">The function; uses no tensors but its inputs and parameters.</param>
    /// <param name="drops">Whether it has dropouts, which must drop the same both times.</param>
    /// <param name="inputs">Its inputs.</param>
    public static Tensor Run(Func<IReadOnlyList<Tensor>, Tensor> function, bool drops, params Tensor[] inputs)
    {
        // Where no input needs a gradient, autograd would not come back here, and parameters would get none.
        if (!is_grad_enabled() || !inputs.Any(i => i.requires_grad)) return function(inputs);
        return apply([drops ? DropoutRandom.Repeated(function) : function, .. inputs]);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var function = (Func<IReadOnlyList<Tensor>, Tensor>)vars[0];
        Tensor[] inputs = [.. vars.Skip(1).Cast<Tensor>()];
        ctx.save_data(Function, function);
        ctx.save_for_backward([.. inputs]);
        return function(inputs);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withGradients = enable_grad();
        Tensor[] inputs = [.. ctx.get_saved_variables().Select(t => t.detach().requires_grad_(t.requires_grad))];
        var function = (Func<IReadOnlyList<Tensor>, Tensor>)ctx.get_data(Function);
        function(inputs).backward([grad_output]);
        return [null!, .. inputs.Select(i => i.grad?.MoveToOuterDisposeScope()!)];
    }
}
