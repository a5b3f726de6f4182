(function(d){d.classList.add("scripted");var t;try{t=localStorage.getItem("stagebook-theme")}catch(e){}if(t==="light"||t==="dark"||t==="system")d.dataset.theme=t})(document.documentElement)
