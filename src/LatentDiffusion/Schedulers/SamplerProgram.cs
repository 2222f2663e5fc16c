namespace LatentDiffusion;

/// <summary>Programs and libraries whose names of samplers <see cref="SamplerNames"/> knows.</summary>
public enum SamplerProgram
{
    /// <summary>Stable Diffusion web UI and programs that follow it: <c>DPM++ 2M</c> with <c>Karras</c>.</summary>
    WebUI,

    /// <summary>ComfyUI: <c>dpmpp_2m</c> with <c>karras</c>.</summary>
    ComfyUI,

    /// <summary>InvokeAI: <c>dpmpp_2m_k</c>.</summary>
    InvokeAI,

    /// <summary>Class names of diffusers: <c>DPMSolverMultistepScheduler</c>.</summary>
    Diffusers,
}
