import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import './styles/base.css';
import './styles/controls.css';
import './styles/frame.css';
import './styles/list.css';
import './styles/incident.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html lacks #root.');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
