using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace FineTune;

/// <summary>The edges that a ControlNet is trained on.</summary>
internal sealed record EdgeSettings
{
    [Range(0, 2040), Description("Length of the gradient above which a pixel continues an edge.")]
    public int Low { get; init; } = 100;

    [Range(0, 2040), Description("Length of the gradient above which a pixel starts an edge, at least low.")]
    public int High { get; init; } = 200;
}
